"""What a file is by its first bytes, and which names such a file may have.

A name and a claimed type are what a stranger wrote; the content decides. Kinds
that a machine or a browser would run are known so that they can be refused. A
file that is two things at once is what its beginning says, and is never served
as anything else. Sources: the published signatures of each format; WHATWG MIME
Sniffing, 7.
"""

from __future__ import annotations

__all__ = ["ACTIVE_TYPES", "RUNNABLE_EXTENSIONS", "SNIFFED_BYTES", "extension_of", "fits", "sniff"]

#: How much of a file's beginning is looked at.
SNIFFED_BYTES = 4096

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"\x00\x00\x01\x00", "image/vnd.microsoft.icon"),
    (0, b"8BPS", "image/vnd.adobe.photoshop"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"%!PS", "application/postscript"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"MThd", "audio/midi"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\x00\x00\x01\xba", "video/mpeg"),
    (0, b"\x00\x00\x01\xb3", "video/mpeg"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"OTTO", "font/otf"),
    (0, b"\x00\x01\x00\x00\x00", "font/ttf"),
    (0, b"MZ", "application/x-dosexec"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"\xfe\xed\xfa\xce", "application/x-executable"),
    (0, b"\xfe\xed\xfa\xcf", "application/x-executable"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-executable"),
    (0, b"\xca\xfe\xba\xbe", "application/x-executable"),
    (0, b"\x00asm", "application/wasm"),
    (0, b"#!", "text/x-script"),
    (0, b"<?php", "text/x-script"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
}
_MARKUP_HTML = (
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<script",
    b"<iframe",
    b"<body",
    b"<style",
    b"<title",
    b"<img",
    b"<a ",
    b"<h1",
    b"<div",
    b"<table",
    b"<p>",
    b"<br",
    b"<form",
    b"<meta",
    b"<link",
    b"<base",
    b"<object",
    b"<embed",
    b"<video",
    b"<template",
)
_OFFICE = frozenset({"application/zip"})

#: Which contents a name may have. "" is text, or bytes that tell nothing.
_OF_EXTENSION: dict[str, frozenset[str]] = {
    **{
        ext: frozenset({kind})
        for ext, kind in {
            "png": "image/png",
            "jpg": "image/jpeg",
            "jpeg": "image/jpeg",
            "gif": "image/gif",
            "webp": "image/webp",
            "avif": "image/avif",
            "bmp": "image/bmp",
            "tif": "image/tiff",
            "tiff": "image/tiff",
            "ico": "image/vnd.microsoft.icon",
            "psd": "image/vnd.adobe.photoshop",
            "heic": "image/heic",
            "svg": "image/svg+xml",
            "pdf": "application/pdf",
            "zip": "application/zip",
            "gz": "application/gzip",
            "tgz": "application/gzip",
            "bz2": "application/x-bzip2",
            "xz": "application/x-xz",
            "zst": "application/zstd",
            "7z": "application/x-7z-compressed",
            "rar": "application/vnd.rar",
            "tar": "application/x-tar",
            "rtf": "application/rtf",
            "doc": "application/x-ole-storage",
            "xls": "application/x-ole-storage",
            "ppt": "application/x-ole-storage",
            "msg": "application/x-ole-storage",
            "wav": "audio/wav",
            "flac": "audio/flac",
            "mid": "audio/midi",
            "midi": "audio/midi",
            "avi": "video/x-msvideo",
            "mov": "video/quicktime",
            "webm": "video/webm",
            "mkv": "video/webm",
            "flv": "video/x-flv",
            "mpg": "video/mpeg",
            "mpeg": "video/mpeg",
            "woff": "font/woff",
            "woff2": "font/woff2",
            "otf": "font/otf",
            "ttf": "font/ttf",
            "sqlite": "application/vnd.sqlite3",
            "db": "application/vnd.sqlite3",
        }.items()
    },
    **dict.fromkeys(("docx", "xlsx", "pptx", "odt", "ods", "odp", "epub"), _OFFICE),
    "mp3": frozenset({"audio/mpeg"}),
    "ogg": frozenset({"audio/ogg"}),
    "oga": frozenset({"audio/ogg"}),
    "ogv": frozenset({"audio/ogg"}),
    "mp4": frozenset({"video/mp4"}),
    "m4v": frozenset({"video/mp4"}),
    "m4a": frozenset({"audio/mp4", "video/mp4"}),
    "xml": frozenset({"text/xml"}),
    **dict.fromkeys(
        ("txt", "csv", "md", "log", "json", "yaml", "yml", "toml", "ini", "ics", "vcf"), frozenset({""})
    ),
}

_RUNNABLE_EXTENSIONS_TEXT = """
asp aspx bash bat bin cgi cmd com cpl dll dmg exe fcgi gadget hta htaccess htm html htpasswd inf jar js
jse jsp jspx ksh lnk mht mhtml mjs msc msi msp phar php php3 php4 php5 php7 phps pht phtml pif pl ps1 psm1
py pyc pyo pyw rb reg scf scr sh shtml so swf url vb vbe vbs wasm wsc wsf wsh xhtml xht xsl xslt zsh
"""
#: Ends of names that a server, a shell or a desktop runs; not to be stored, in any place of a name.
RUNNABLE_EXTENSIONS = frozenset(_RUNNABLE_EXTENSIONS_TEXT.split())
#: What a browser or a machine would run, whatever it is called.
ACTIVE_TYPES = frozenset(
    {
        "application/wasm",
        "application/x-dosexec",
        "application/x-executable",
        "text/html",
        "text/x-script",
    }
)


def sniff(head: bytes) -> str:
    """Give the media type that the first bytes of a file tell; "" for text and for unknown bytes."""
    for at, magic, kind in _MAGIC:
        if head.startswith(magic, at):
            return kind
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06 == 0x02:
        return "audio/mpeg"
    return _sniff_markup(head)


def _sniff_markup(head: bytes) -> str:
    text = head[:SNIFFED_BYTES]
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = text[2:].replace(b"\x00", b"")
    text = text.removeprefix(b"\xef\xbb\xbf").lstrip(b"\t\n\x0c\r \x00").lower()
    is_xml = text.startswith(b"<?xml")
    while text.startswith((b"<?xml", b"<!--", b"<!doctype svg")):
        end = b"-->" if text.startswith(b"<!--") else b">"
        _, found, text = text.partition(end)
        if not found:
            return "text/xml" if is_xml else ""
        text = text.lstrip()
    if text.startswith(b"<svg"):
        return "image/svg+xml"
    if text.startswith(_MARKUP_HTML):
        return "text/html"
    return "text/xml" if is_xml else ""


def extension_of(filename: str) -> str:
    """Give the end of a name, in lower case and without its dot; "" without one."""
    name, dot, end = filename.rpartition(".")
    return end.lower() if dot and name else ""


def fits(extension: str, kind: str, head: bytes) -> bool:
    """Tell whether content of this kind may have a name that ends so.

    A name that is known must have its content. Under any other, text and bytes
    that tell nothing are fine, and what would be run is not.
    """
    if kind in ACTIVE_TYPES:
        return False
    wanted = _OF_EXTENSION.get(extension)
    if wanted is None:
        return kind != "image/svg+xml"
    if "" in wanted and kind in ("", "text/xml"):
        return b"\x00" not in head
    return kind in wanted
