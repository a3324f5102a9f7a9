// A list that keeps its nodes: only rows that changed are drawn again, so that the focus, opened
// details and a selection survive the page's updating itself.

export class Rows {
  #list;
  #drawn = new Map();

  constructor(list) {
    this.#list = list;
  }

  clear() {
    this.#drawn.clear();
    this.#list.replaceChildren();
  }

  /** Show items in this order. `row(item)` makes the list item; `ID` says which is which. */
  show(items, row) {
    const kept = new Map();
    const nodes = items.map((item) => {
      const fingerprint = JSON.stringify({ ...item, expiresIn: undefined });
      const before = this.#drawn.get(item.ID);
      const node =
        before?.fingerprint === fingerprint ? before.node : this.#draw(item, row, before?.node);
      kept.set(item.ID, { fingerprint, node });
      return node;
    });
    this.#drawn = kept;
    this.#place(nodes);
  }

  #draw(item, row, before) {
    const node = row(item);
    if (before?.querySelector("details")?.open) node.querySelector("details").open = true;
    return node;
  }

  /** Move, add and remove as little as possible: a node that stays put keeps the focus. */
  #place(nodes) {
    const wanted = new Set(nodes);
    for (const node of [...this.#list.children]) if (!wanted.has(node)) node.remove();
    nodes.forEach((node, index) => {
      if (this.#list.children[index] !== node)
        this.#list.insertBefore(node, this.#list.children[index] ?? null);
    });
  }
}
