"""Promises of the texts: each language is complete, and no value that fills one can do harm."""

import re
import string

import pytest

from proxy.pages.texts import FOLDER, Texts, load_texts, read_table

LANGUAGES = load_texts()
ENGLISH = LANGUAGES["en"].table


def placeholders(text):
    """List the placeholders of a text."""
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def complaints(table):
    """Name every difference from the English table that a reader or a program would notice."""
    return [
        *(f"{key}: missing" for key in ENGLISH if key not in table),
        *(f"{key}: extra" for key in table if key not in ENGLISH),
        *(f"{key}: placeholders" for key in ENGLISH if placeholders(table.get(key, "")) != placeholders(ENGLISH[key])),
        *(f"{key}: empty" for key, text in table.items() if not text.strip()),
    ]


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_language_is_complete(tag):
    """Each has the keys and placeholders of English, nothing missing, nothing extra."""
    assert complaints(LANGUAGES[tag].table) == []


@pytest.mark.parametrize(
    ("key", "text", "complaint"),
    [
        ("go", None, ["go: missing"]),
        ("gone", "x", ["gone: extra"]),
        ("logon.wait", "Warten", ["logon.wait: placeholders"]),
        ("go", "{time}", ["go: placeholders"]),
        ("go", " ", ["go: empty"]),
    ],
)
def test_an_incomplete_language_is_found(key, text, complaint):
    """The test above can fail."""
    table = {**ENGLISH, key: text} if text is not None else {name: ENGLISH[name] for name in ENGLISH if name != key}

    assert complaints(table) == complaint


@pytest.mark.parametrize("tag", LANGUAGES)
def test_texts_are_plain_sentences(tag):
    """No markup, no line breaks, no placeholder that reaches into a value; tag and direction are ones of HTML."""
    table = LANGUAGES[tag].table

    assert re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag)
    assert table["direction"] in {"ltr", "rtl"}
    assert not [key for key, text in table.items() if not text.isprintable() or re.search(r"[<>]|&\w+;", text)]
    assert all(name.isidentifier() for text in table.values() for name in placeholders(text))


def test_german_is_no_copy():
    """Each sentence with words in it is translated."""
    german = LANGUAGES["de"].table

    same = {key for key in ENGLISH if german[key] == ENGLISH[key]}
    assert same <= {"direction", "title.with_organisation", "logon.minutes", "logon.seconds"}


def test_a_file_is_a_language():
    """Whatever lies in the folder is offered under its name."""
    assert set(LANGUAGES) == {file.stem for file in FOLDER.iterdir()} >= {"en", "de"}
    assert all(texts.tag == tag for tag, texts in LANGUAGES.items())


def test_another_folder_is_read_alike(tmp_path):
    """A language more is a file more."""
    (tmp_path / "pt-BR.toml").write_text('[logon]\ntitle = "Entrar"\n', "utf-8")

    assert load_texts(tmp_path)["pt-BR"].say("logon.title") == "Entrar"


@pytest.mark.parametrize("hostile", ["{organisation.__class__}", "{0}", "{", "a\nb\u202e", "{title!r:>9999999}"])
def test_values_are_not_read_as_texts(hostile):
    """Braces in a value stay braces; line breaks and what turns text around are made visible."""
    said = Texts("en", read_table('x = "<{name}>"')).say("x", name=hostile)

    assert said == f"<{hostile}>".replace("\n", "\\x0a").replace("\u202e", "\\u202e")
