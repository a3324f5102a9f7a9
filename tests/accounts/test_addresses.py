"""When two addresses count as the same."""

from __future__ import annotations

import pytest

from corbado_auth.addresses import normalized, same_address, spellings

ADA = "ada@example.com"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(ADA, ADA, id="same"),
        pytest.param(ADA, "ADA@Example.com", id="ASCII case"),
        pytest.param("jürgen@example.com", "JüRGEN@example.com", id="ASCII letters of a word"),
        pytest.param(ADA, " ada@example.com\n", id="space around it"),
        pytest.param("ada@bücher.example", "ada@xn--bcher-kva.example", id="Punycode"),
        pytest.param("ada@bücher.example", "Ada@XN--Bcher-KVA.example", id="Punycode, other case"),
        pytest.param("ada@bücher.example", "ada@BÜCHER.example", id="capitals of a domain"),
        pytest.param("ada@bücher.example", "ada@bu\u0308cher.example", id="two characters for one"),
        pytest.param("ada@xn--bcher-kva.example", "ada@BU\u0308CHER.example", id="all of it"),
        pytest.param("ada@münchen.bücher.example", "ada@xn--mnchen-3ya.bücher.example", id="mixed"),
    ],
)
def test_one_address_in_two_spellings(one: str, other: str) -> None:
    assert same_address(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("sam@example.com", "\u017fam@example.com", id="long s"),
        pytest.param("kim@example.com", "\u212aim@example.com", id="Kelvin sign"),
        pytest.param("ira@example.com", "\u0131ra@example.com", id="dotless i"),
        pytest.param("ira@example.com", "\u0130ra@example.com", id="dotted capital I"),
        pytest.param("sam@example.com", "\uff53am@example.com", id="fullwidth"),
        pytest.param("zo\u00eb@example.com", "zoe\u0308@example.com", id="not normalised"),
        pytest.param("zo\u00eb@example.com", "zo\u00cb@example.com", id="case beyond ASCII"),
        pytest.param("strasse@example.com", "stra\u00dfe@example.com", id="sharp s"),
        pytest.param("strasse@strasse.example", "strasse@straße.example", id="sharp s of a domain"),
        pytest.param("ada@straße.example", "ada@strasse.example", id="what IDNA 2003 makes of it"),
        pytest.param("ada@kim.example", "ada@\u212aim.example", id="Kelvin sign of a domain"),
        pytest.param("ada@ira.example", "ada@\u0130ra.example", id="dotted capital I of a domain"),
        pytest.param("ada@sam.example", "ada@\u017fam.example", id="long s of a domain"),
        pytest.param("ada@example.com", "ada@xn--example-.com", id="Punycode of plain letters"),
        pytest.param("ada@bücher.example", "ada@xn--bCHER-kva!.example", id="broken Punycode"),
        pytest.param("ada@Bücher.example", "ada@xn--BÜCHER.example", id="half Punycode"),
        pytest.param("xn--bcher-kva@example.com", "bücher@example.com", id="before the at sign"),
        pytest.param(ADA, "ada @example.com", id="space inside"),
        pytest.param(ADA, "ada+tag@example.com", id="tag"),
        pytest.param("ada@example.com", "a.da@example.com", id="dot"),
    ],
)
def test_an_address_that_looks_alike_is_another_one(one: str, other: str) -> None:
    assert not same_address(one, other)


def test_only_ascii_letters_are_lowered() -> None:
    assert normalized("\u212aIM.\u00cb@EXAMPLE.com") == "\u212aim.\u00cb@example.com"


def test_a_form_stays_as_it_is_when_it_is_normalized_again() -> None:
    once = normalized(" Ada@XN--bcher-kva.Example ")
    assert once == normalized(once) == "ada@bücher.example"


@pytest.mark.parametrize("odd", ["", " ", "@", "ada", "ada@", "@example.com", "a@b@c", "ada@xn--"])
def test_what_is_no_address_is_compared_all_the_same(odd: str) -> None:
    assert same_address(odd, odd)
    assert spellings(odd)


def test_an_address_is_looked_for_as_given_first() -> None:
    assert spellings(" Ada@Example.com ") == ["Ada@Example.com"]
    written = spellings("ada@xn--bcher-kva.example")
    assert written[0] == "ada@xn--bcher-kva.example"
    assert "ada@bücher.example" in written
    assert "ada@xn--bcher-kva.example" in spellings("ada@bücher.example")
