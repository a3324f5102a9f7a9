// A list that keeps its nodes: only changed rows are redrawn, so that focus, open details and a
// selection survive an update.

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

  /** Show items in this order. `row(item)` creates the list item; `ID` identifies it. */
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
