"""Cleans SVG drawings: what draws stays, what runs, loads or hides goes.

An allow list of elements and attributes; everything else is left out with what it
holds. Documents with entities of their own are refused before one is expanded.
References stay inside the drawing. Sources: SVG 2, chapters 5 to 16; XML 1.0, 4.
"""

from __future__ import annotations

from html import escape
from typing import Any

from asok_engine.errors import UploadRefused

__all__ = ["MOST_SVG_BYTES", "clean_svg"]

#: The largest drawing that is cleaned.
MOST_SVG_BYTES = 2 * 1024 * 1024
_DEEPEST = 100
_SVG, _XLINK, _XML = (
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1999/xlink",
    "http://www.w3.org/XML/1998/namespace",
)

_ELEMENTS_TEXT = """
svg g defs symbol use title desc path rect circle ellipse line polyline polygon text tspan textPath image
marker linearGradient radialGradient stop pattern clipPath mask style filter feBlend feColorMatrix
feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight
feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode feMorphology
feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence switch
"""
_ELEMENTS = frozenset(_ELEMENTS_TEXT.split())
_ATTRIBUTES_TEXT = """
id class style x y x1 y1 x2 y2 cx cy r rx ry fx fy fr dx dy d points width height viewBox
preserveAspectRatio transform version fill fill-opacity fill-rule stroke stroke-width stroke-linecap
stroke-linejoin stroke-dasharray stroke-dashoffset stroke-miterlimit stroke-opacity opacity color display
visibility overflow clip-path clip-rule mask filter marker-start marker-mid marker-end markerWidth
markerHeight markerUnits refX refY orient offset stop-color stop-opacity gradientUnits gradientTransform
spreadMethod patternUnits patternContentUnits patternTransform clipPathUnits maskUnits maskContentUnits
font-family font-size font-style font-weight font-variant text-anchor text-decoration letter-spacing
word-spacing dominant-baseline alignment-baseline baseline-shift textLength lengthAdjust startOffset method
spacing rotate href role aria-label aria-hidden aria-labelledby vector-effect paint-order shape-rendering
text-rendering image-rendering color-interpolation color-interpolation-filters in in2 result stdDeviation
values type mode operator k1 k2 k3 k4 order kernelMatrix divisor bias targetX targetY edgeMode
preserveAlpha surfaceScale diffuseConstant specularConstant specularExponent kernelUnitLength scale
xChannelSelector yChannelSelector azimuth elevation flood-color flood-opacity lighting-color tableValues
slope intercept amplitude exponent radius baseFrequency numOctaves seed stitchTiles limitingConeAngle
pointsAtX pointsAtY pointsAtZ z filterUnits primitiveUnits isolation mix-blend-mode systemLanguage
pathLength
"""
_ATTRIBUTES = frozenset(_ATTRIBUTES_TEXT.split())
#: What loads or runs from a style, in any browser; a backslash could spell each of them anew.
_LOUD = ("\\", "@import", "expression(", "javascript:", "image-set(", "image(", "src(")
_IMAGES = tuple(f"data:image/{kind};base64," for kind in ("png", "jpeg", "gif", "webp"))


def clean_svg(source: bytes) -> bytes:
    """Give the drawing without what could run, load or track.

    Raises UploadRefused for what is no SVG, is larger than MOST_SVG_BYTES, is nested
    too deeply, or brings entities.
    """
    if len(source) > MOST_SVG_BYTES:
        raise UploadRefused(f"The drawing is larger than the {MOST_SVG_BYTES} bytes that are accepted.")
    # Loaded here: most applications never see a drawing.
    from xml.parsers import expat

    cleaner = _Cleaner()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = cleaner.start
    parser.EndElementHandler = cleaner.end
    parser.CharacterDataHandler = cleaner.text
    parser.EntityDeclHandler = _refuse_entity
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(source, True)
    except (expat.ExpatError, ValueError) as error:
        raise UploadRefused(f"The drawing cannot be read: {error}.") from None
    return "".join(cleaner.pieces).encode()


def _quoted(value: str) -> str:
    """Give a value as an attribute has it; white space other than blanks would become a blank."""
    text = escape(value).replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")
    return f'"{text}"'


def _refuse_entity(*_: Any) -> None:
    raise UploadRefused("The drawing brings entities of its own, which are not accepted.")


class _Cleaner:
    """Writes what may stay while the parser walks."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._open: list[str] = []
        self._skipped = 0
        self._style: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Write a start tag, or begin to leave out."""
        space, _, local = name.rpartition(" ")
        if not self._open and not self._skipped and (space, local) != (_SVG, "svg"):
            raise UploadRefused("This is not an SVG drawing.")
        if self._skipped or space != _SVG or local not in _ELEMENTS:
            self._skipped += 1
            return
        if len(self._open) >= _DEEPEST:
            raise UploadRefused(f"The drawing is nested deeper than the {_DEEPEST} levels that are accepted.")
        opening = f' xmlns="{_SVG}" xmlns:xlink="{_XLINK}"' if not self._open else ""
        self._open.append(local)
        self.pieces.append(f"<{local}{opening}{_kept(attributes)}>")

    def end(self, name: str) -> None:
        """Write an end tag."""
        if self._skipped:
            self._skipped -= 1
            return
        local = self._open.pop()
        if local == "style":
            css = "".join(self._style)
            self._style = []
            if _is_quiet(css):
                self.pieces.append(escape(css, quote=False))
        self.pieces.append(f"</{local}>")

    def text(self, data: str) -> None:
        """Write text where it is seen."""
        if self._skipped or not self._open:
            return
        if self._open[-1] == "style":
            self._style.append(data)
        else:
            self.pieces.append(escape(data, quote=False))


def _kept(attributes: dict[str, str]) -> str:
    kept = []
    for name, value in attributes.items():
        space, _, local = name.rpartition(" ")
        if local == "href" and space in ("", _XLINK):
            if value.startswith("#") or value.lower().startswith(_IMAGES):
                kept.append(f" {'xlink:' if space else ''}href={_quoted(value)}")
        elif space == _XML and local in ("space", "lang"):
            kept.append(f" xml:{local}={_quoted(value)}")
        elif not space and local in _ATTRIBUTES and _is_quiet(value):
            kept.append(f" {local}={_quoted(value)}")
    return "".join(kept)


def _is_quiet(css: str) -> bool:
    """Tell whether a style or a value loads nothing from elsewhere."""
    lowered = css.lower()
    if any(word in lowered for word in _LOUD):
        return False
    return all(part.lstrip(" \t\n'\"").startswith("#") for part in lowered.split("url(")[1:])
