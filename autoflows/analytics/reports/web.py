"""A document as a page of its own, made to be printed: A4, light on paper, and readable on a small screen."""

from __future__ import annotations

from html import escape

from autoflows.analytics.reports.document import Block, Document, Figure, Figures, Grid, Heading, Paragraph, Picture, cell_text, is_number
from autoflows.analytics.reports.drawing import Box, Drawing, Label, Line

STYLE = """
@page { size: A4; margin: 15mm 15mm 18mm; }
:root { --ink: #1c2024; --quiet: #60646c; --rule: #e3e4e9; --sheet: #fff; --desk: #f0f0f3; --link: #0b68cb; color-scheme: light dark; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #edeef0; --quiet: #b0b4ba; --rule: #33363c; --sheet: #18191b; --desk: #0c0d0e; --link: #70b8ff; }
}
* { box-sizing: border-box; }
html { background: var(--desk); }
body { font: 14px/1.5 Inter, "Noto Sans", system-ui, sans-serif; color: var(--ink); margin: 0; }
main { background: var(--sheet); max-width: 860px; margin: 24px auto; padding: 40px; border-radius: 8px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 12px; overflow-wrap: anywhere; }
h2 { font-size: 17px; margin: 32px 0 6px; break-after: avoid; }
p { margin: 0 0 8px; overflow-wrap: anywhere; white-space: pre-line; } .quiet { color: var(--quiet); font-size: 12px; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 2px 20px; margin: 0 0 20px; }
.facts dt { color: var(--quiet); } .facts dd { margin: 0; overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 10px; margin: 0 0 12px; padding: 0; }
.figures { list-style: none; }
.figures b.long { font-size: 14px; line-height: 1.4; padding: 4px 0; }
.figures li { border: 1px solid var(--rule); border-radius: 6px; padding: 8px 10px; break-inside: avoid; }
.figures small { display: block; color: var(--quiet); } .figures b { display: block; font-size: 20px; overflow-wrap: anywhere; }
svg { width: 100%; height: auto; display: block; margin: 4px 0 10px; break-inside: avoid; }
svg text { fill: var(--quiet); font: 10px Inter, "Noto Sans", system-ui, sans-serif; } svg .grid { stroke: var(--rule); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 12px; margin: 4px 0 14px; }
th { text-align: left; color: var(--quiet); } th, td { padding: 3px 8px 3px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
td { white-space: pre-line; }
td:first-child { white-space: nowrap; } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
thead { display: table-header-group; } tr { break-inside: avoid; }
nav { display: flex; gap: 16px; max-width: 860px; margin: 24px auto -8px; padding: 0 16px; } nav a { color: var(--link); }
@media (max-width: 600px) { main { padding: 20px 16px; margin: 12px 0; border-radius: 0; } h1 { font-size: 21px; }
  svg { min-width: 560px; } }
@media print {
  html, body { background: #fff; font-size: 9pt; } nav { display: none; } main { margin: 0; padding: 0; max-width: none; }
  .figures { grid-template-columns: repeat(4, 1fr); } .figures b { font-size: 13pt; } .figures b.long { font-size: 9pt; }
  .wide { overflow: visible; }
  .part { break-inside: avoid-page; } * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
"""


LONG = 14
"""So many letters of a headline figure are set large."""


def as_html(document: Document, files: str) -> str:
    """The document as a page; `files` is the address of the same as PDF. Everything in it is escaped, and nothing is fetched."""
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in document.facts)
    links = f'<a href="{escape(document.href)}">Back to the page</a><a href="{escape(files)}" download>Download as PDF</a>'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{escape(document.title)}</title><style>{STYLE}</style></head><body>'
        f'<nav aria-label="Report">{links}<span class="quiet">Print this page with Ctrl+P.</span></nav>'
        f'<main><h1>{escape(document.title)}</h1><dl class="facts">{facts}</dl>{_parts(document)}</main></body></html>'
    )


def _parts(document: Document) -> str:
    """Blocks, each heading in a part with what explains and shows it."""
    said, is_open = "", False
    for block in document.blocks:
        if isinstance(block, Heading):
            said += ("</section>" if is_open else "") + '<section class="part">'
            is_open = True
        elif isinstance(block, Grid) and is_open:
            said, is_open = said + "</section>", False
        said += _block(block)
    return said + ("</section>" if is_open else "")


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h2>{escape(block.text)}</h2>"
    if isinstance(block, Paragraph):
        return f"<p{' class=quiet' if block.quiet else ''}>{escape(block.text)}</p>"
    if isinstance(block, Figures):
        items = "".join(_figure(figure) for figure in block.figures)
        return f'<ul class="figures">{items}</ul>'
    if isinstance(block, Picture):
        return f'<div class="wide" tabindex="0">{_svg(block.drawing, block.said)}</div>'
    return _table(block)


def _figure(figure: Figure) -> str:
    kind = ' class="long"' if len(figure.value) > LONG else ""
    return f"<li><small>{escape(figure.label)}</small><b{kind}>{escape(figure.value)}</b><small>{escape(figure.note)}</small></li>"


def _table(grid: Grid) -> str:
    numbers = [any(is_number(row[n]) for row in grid.rows) for n in range(len(grid.columns))]
    kinds = [' class="number"' if number else "" for number in numbers]
    heads = "".join(f'<th scope="col"{kind}>{escape(name)}</th>' for name, kind in zip(grid.columns, kinds, strict=True))
    rows = "".join(
        "<tr>" + "".join(f"<td{kind}>{escape(cell_text(cell))}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in grid.rows
    )
    return f'<div class="wide" tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _svg(drawing: Drawing, said: str) -> str:
    marks = "".join(_mark(mark) for mark in drawing.marks)
    return f'<svg viewBox="0 0 {drawing.width:g} {drawing.height:g}" role="img" aria-label="{escape(said)}">{marks}</svg>'


def _mark(mark: Box | Line | Label) -> str:
    if isinstance(mark, Box):
        return f'<rect x="{mark.x:.1f}" y="{mark.y:.1f}" width="{mark.width:.1f}" height="{mark.height:.1f}" fill="{mark.colour}"/>'
    if isinstance(mark, Line):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in mark.points)
        kind = ' class="grid"' if mark.width == 1 else f' stroke="{mark.colour}"'
        return f'<polyline points="{points}" fill="none"{kind} stroke-width="{mark.width:g}"/>'
    return f'<text x="{mark.x:.1f}" y="{mark.y:.1f}" text-anchor="{mark.anchor}">{escape(mark.text)}</text>'
