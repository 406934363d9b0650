"""Handouts in three profiles of Markdown: their own tools build them without a warning and without a network, every
formula arrives as it was written, every reference leads somewhere, text stays text."""

from __future__ import annotations

import hashlib
import html
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from documents.handouts import everything, of_loss
from documents.markdown_sample import small
from latex2mathml.converter import convert
from markdown_it import MarkdownIt

from symce.documents import handout_notebook
from symce.documents.blocks import Bullets, Formula, Handout, Note, Paragraph, Section, Table
from symce.documents.handout_markdown import Profile, files, page
from symce.documents.letters import DocumentError
from symce.documents.markdown_blocks import BlockWriter, fence
from symce.documents.markdown_text import GITHUB, MKDOCS, MYST, NOTEBOOK, Dialect, Words
from symce.handout.chapter import chapter
from symce.handout.options import Options
from symce.handout.selection import only

PROFILES: tuple[Profile, ...] = get_args(Profile)
DIALECTS = {dialect.name: dialect for dialect in (MKDOCS, GITHUB, MYST)}
#: a proxy that is not there: whoever asks the network for something fails
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
HANDOUTS = ("everything", "focal", "part", "chapter")


@cache
def handout(name: str) -> Handout:
    if name == "chapter":
        return chapter(Options())
    if name == "part":
        return only(everything("p"), ["second", "bounds"])
    return everything() if name == "everything" else of_loss(name)


@cache
def written(name: str, profile: Profile) -> Mapping[str, bytes]:
    return files(handout(name), profile)


def put(folder: Path, content: Mapping[str, bytes]) -> None:
    for path, data in content.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def run(folder: Path, *command: str) -> None:
    env = {**os.environ, **OFFLINE, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "WARNING" not in done.stdout + done.stderr, done.stderr[-3000:]


def prose(markdown: str) -> str:
    """A page without its listings (fences of anything but a formula) and without code within lines."""

    def kept(match: re.Match[str]) -> str:
        return match[0] if match["language"] in ("math", "{math}", "{figure}") else ""

    fences = r"^(?P<in>[> ]*)(?P<f>`{3,}) ?(?P<language>[^\n ]*).*?^(?P=in)(?P=f)$"
    text = re.sub(fences, kept, markdown, flags=re.M | re.S)
    return re.sub(r"(\$`[^`\n]+`\$)|`[^`\n]+`", r"\1", text)


def formulas(markdown: str, dialect: Dialect) -> list[str]:
    """Every formula of a page in order, read by the delimiters alone."""
    text = prose(markdown)
    if dialect is GITHUB:
        found = re.findall(r"```math\n[> ]*(.*)\n[> ]*```|\$`([^`\n]+)`\$", text)
    elif dialect is MYST:
        found = re.findall(r"```\{math\}\n(.*)\n```|\$([^$\n]+)\$", text)
    else:
        found = re.findall(r"\$\$\n\s*(.*)\n\s*\$\$|\$([^$\n]+)\$", text)
    return [display or within for display, within in found]


def built_formulas(page: str) -> list[str]:
    """The formulas of a page of HTML, as MathJax will find them."""
    marked = re.findall(r'<(?:div|span) class="(?:arithmatex|math notranslate[^"]*)">(.*?)</(?:div|span)>', page, re.S)
    return [re.sub(r"^\\[(\[]|\\[)\]]$", "", html.unescape(m).strip()).strip() for m in marked]


# --- their own tools --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HANDOUTS)
def test_mkdocs_builds_the_page_strictly_and_offline(name: str, tmp_path: Path) -> None:
    content = written(name, "mkdocs")
    put(tmp_path, content)
    run(tmp_path, "mkdocs", "build", "--strict", "--quiet", "--site-dir", "site")
    site = (tmp_path / "site" / "index.html").read_text("utf-8")
    article = site[site.index("<article") : site.index("</article>")]
    # a heading stands in the table of contents as well, but a formula only once
    assert built_formulas(article) == formulas(content["docs/index.md"].decode(), MKDOCS)
    ids = re.findall(r'\bid="([^"]+)"', article)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', article)) <= set(ids)
    assert set(handout(name).labels) - {b.label for b in handout(name).blocks if hasattr(b, "logits")} <= set(ids)
    assert 'markdown="' not in article
    for image in re.findall(r'<img [^>]*src="([^"]+)"', article):
        assert (tmp_path / "site" / image).is_file(), image
    # MathJax is the only thing that a reader's browser fetches from elsewhere
    fetched = re.findall(r'<(?:script|link|img)\b[^>]*? (?:src|href)="(https?:[^"]+)"', site)
    assert [url for url in fetched if "/mathjax@3/" not in url] == []


@pytest.mark.parametrize("name", HANDOUTS)
def test_sphinx_builds_the_myst_page_with_warnings_as_errors(name: str, tmp_path: Path) -> None:
    content = written(name, "myst")
    put(tmp_path, content)
    run(tmp_path, "sphinx", "-W", "--keep-going", "-n", "-q", ".", "_build")
    built = (tmp_path / "_build" / "index.html").read_text("utf-8")
    body = built[built.index('<div class="body"') : built.index('<div class="sphinxsidebar"')]
    assert built_formulas(body) == formulas(content["index.md"].decode(), MYST)
    for unread in ("{ref}", "{math}", "{admonition}", "{table}", ":::", ":class:", "[#"):
        assert unread not in re.sub(r"<pre>.*?</pre>", "", body, flags=re.S), unread


@pytest.mark.parametrize("name", HANDOUTS)
def test_a_reader_of_commonmark_with_tables_sees_the_github_page(name: str) -> None:
    content = written(name, "github")
    (path,) = [p for p in content if p.endswith(".md")]
    assert path == f"{handout(name).name}.md"
    markdown = content[path].decode()
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    fences = [t.content.strip() for t in tokens if t.type == "fence" and t.info == "math"]
    ticked = [
        child.content
        for token in tokens
        for before, child in zip([None, *(token.children or ())], token.children or (), strict=False)
        if child.type == "code_inline" and before and before.content.endswith("$")
    ]
    assert sorted(fences + ticked) == sorted(formulas(markdown, GITHUB))
    links = set(re.findall(r"\]\(#([^)]+)\)", prose(markdown)))
    anchors = re.findall(r'<a id="([^"]+)"></a>', markdown)
    assert links <= set(anchors)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"!\[[^\]]*\]\(([^)]+)\)", markdown)) == {p for p in content if p != path}


@pytest.mark.parametrize("name", HANDOUTS)
def test_github_is_given_nothing_that_it_refuses(name: str) -> None:
    markdown = page(handout(name), GITHUB)
    for formula in formulas(markdown, GITHUB):
        assert not re.search(r"\\(operatorname|mbox|newcommand|def|phantom|require)\b", formula), formula
    # what stands in <details> is Markdown only after an empty line, and an alert only at the beginning of a line
    assert re.findall(r"</summary>\n(?!\n|>\n)", markdown) == []
    assert all(m.start() == 0 or markdown[m.start() - 2 : m.start()] == "\n\n" for m in re.finditer(r"> \[!", markdown))


# --- formulas and texts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", [MKDOCS, GITHUB, MYST, NOTEBOOK], ids=lambda d: d.name)
def test_every_formula_of_the_chapter_is_read_by_a_library(dialect: Dialect) -> None:
    text = page(handout("chapter"), dialect)
    found = re.findall(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", prose(text)) if dialect is NOTEBOOK else formulas(text, dialect)
    every = {f if isinstance(f, str) else f[0] or f[1] for f in found}
    assert len(every) > 300
    for formula in sorted(every):
        assert not re.search(r"\\b?(ph|pt|qm|Ph)(?![A-Za-z])", formula), formula
        mathml = convert(re.sub(r"\\tag\{.*?\}|\\boxed(?=\{)", "", formula))
        assert "\\" not in re.sub(r"<annotation.*?</annotation>", "", mathml), formula


def test_numbers_of_equations_are_those_of_the_proofs() -> None:
    lines = [
        line.number
        for block in handout("chapter").blocks
        for line in getattr(getattr(block, "item", None), "lines", ())
        if type(block).__name__ == "Statement"
    ]
    for dialect in DIALECTS.values():
        tags = re.findall(r"\\tag\{(\d+)\}", page(handout("chapter"), dialect))
        assert [int(tag) for tag in tags] == lines


def test_relations_are_printed_in_statements_and_steps() -> None:
    text = page(everything(), MKDOCS)
    assert re.search(r"^ *\\ge .*\\tag", text, re.MULTILINE)
    assert re.search(r"^ *D _\{KL\}\(.*\) \\ge 0$|\\boxed\{D _\{KL\}\(.*\) \\ge 0\}", text, re.MULTILINE)


def with_blocks(*blocks: Any) -> Handout:
    return replace(small(), abstract=(), sections=(Section("1", "only", "Only", 1, blocks),), rules=(), references=())


AWKWARD = (
    "1. no list",
    "- nor this",
    "# no heading, 2 &lt; 3 & x < y > z",
    "!!! note",
    "::: {.x}",
    "a_b_c and \\*stars\\*, \\[x](y), \\[^1], {ref}, C:\\\\new, ~~gone~~, ==so==, <b>bold</b>, Look! $x$ and \\$5",
    "| a | b |",
    "> quoted",
    "+ plus",
    "% comment",
    "--- rule",
    "&amp;",
)


@pytest.mark.parametrize("profile", PROFILES)
def test_text_is_only_text(profile: Profile, tmp_path: Path) -> None:
    """Each paragraph arrives with the very letters that were written, whatever Markdown makes of such letters."""
    shown = with_blocks(*(Paragraph(text) for text in AWKWARD))
    wanted = [re.sub(r"\\([$*\[\\])", r"\1", text).replace("$x$", "x") for text in AWKWARD]
    put(tmp_path, files(shown, profile))
    if profile == "mkdocs":
        run(tmp_path, "mkdocs", "build", "--strict", "--quiet", "--site-dir", "site")
        built = (tmp_path / "site" / "index.html").read_text("utf-8")
    elif profile == "myst":
        run(tmp_path, "sphinx", "-W", "-n", "-q", ".", "_build")
        built = (tmp_path / "_build" / "index.html").read_text("utf-8")
    else:
        built = MarkdownIt("gfm-like", {"linkify": False}).render((tmp_path / "small.md").read_text("utf-8"))
        built = built.replace("$<code>x</code>$", "x")
    built = re.sub(r"\\\((.*?)\\\)", r"\1", built)
    paragraphs = [html.unescape(re.sub(r"<[^>]+>", "", p)) for p in re.findall(r"<p>(.*?)</p>", built, re.S)]
    assert [p for p in paragraphs if p in wanted] == wanted


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_lists_that_follow_each_other_stay_apart(dialect: Dialect) -> None:
    text = BlockWriter(dialect, small()).text([Bullets(("a",)), Bullets(("b",), numbered=True)])
    assert text == "- a\n\n<!-- -->\n\n1. b"


def test_formulas_that_touch_are_one() -> None:
    assert Words(MKDOCS, small()).words("n t^(n-1) of p_c") == r"$n$ $t^{n-1}$ of $\hat{\pi}_c$"


def test_cells_keep_their_bars() -> None:
    table = Table(1, "t", "T", ("a",), (("$|x|$ `a|b` a|b",),))
    for dialect, row in (
        (MKDOCS, r"| $\vert x\vert$ `a|b` a&#124;b |"),
        (GITHUB, r"| $`\vert x\vert`$ `a\|b` a&#124;b |"),
    ):
        assert row in BlockWriter(dialect, small()).block(table)


def test_fences_are_longer_than_what_stands_in_them() -> None:
    assert fence("`", "a") == "```"
    assert fence("`", "```` x", "``") == "`````"
    nested = Note("note", "A", (Note("tip", "B", (Paragraph("c"),)),))
    text = BlockWriter(MYST, small()).block(nested)
    assert text.splitlines()[0] == "::::{admonition} A"
    assert ":::{admonition} B" in text


def test_a_formula_in_latex_is_spelled_for_markdown() -> None:
    text = BlockWriter(GITHUB, small()).block(Formula(r"\ph_k", (r"\operatorname{f}(x) \\ y", "z", r"\{a\}")))
    assert text == (
        "```math\n"
        r"\begin{aligned} \hat{\pi}_k &= \mathop{\mathrm{f}}(x) \cr y \cr &= z \cr &= \lbrace a\rbrace \end{aligned}"
        "\n```"
    )


# --- references -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_what_is_not_on_the_page_is_named_and_not_linked(dialect: Dialect) -> None:
    whole = Words(dialect, everything())
    assert whole.reference("live-x") == "Live figure 1"
    link = whole.reference("softmax-jacobian")
    assert link != everything().name_of("softmax-jacobian")
    part = Words(dialect, handout("part"))
    assert part.reference("first") == "Section 1"
    assert part.reference("second") != "Section 2"
    with pytest.raises(DocumentError, match="has the label 'nothing'"):
        whole.text("see [#nothing]")


# --- golden files and determinism -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DIALECTS)
def test_golden_pages(name: str, request: pytest.FixtureRequest) -> None:
    printed = page(small(), DIALECTS[name])
    golden = Path(__file__).parent / "golden" / f"handout_{name}.md"
    if request.config.getoption("--update-golden"):
        golden.write_text(printed, encoding="utf-8")
    assert printed == golden.read_text(encoding="utf-8"), "run pytest --update-golden if this is what you want"


def digest(shown: Handout) -> str:
    found = hashlib.sha256()
    for made in (*(files(shown, profile) for profile in PROFILES), handout_notebook.files(shown)):
        for path, content in made.items():
            found.update(path.encode() + content)
    return found.hexdigest()


_SCRIPT = """
import hashlib
from symce.documents import handout_markdown, handout_notebook
from symce.handout.losses import of_losses
from symce.handout.options import Options
from symce.losses import catalogue
handout = of_losses([catalogue()["focal"]], Options())
digest = hashlib.sha256()
for profile in ("mkdocs", "github", "myst"):
    for path, content in handout_markdown.files(handout, profile).items():
        digest.update(path.encode() + content)
for path, content in handout_notebook.files(handout).items():
    digest.update(path.encode() + content)
print(digest.hexdigest())
"""


def test_nothing_depends_on_the_seed_of_hashes(checkout: Path) -> None:
    for seed in ("0", "12345"):
        run = subprocess.run(
            [sys.executable, "-c", _SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=checkout,
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == digest(of_loss("focal")), seed
