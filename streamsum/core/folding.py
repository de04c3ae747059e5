"""Text in a form in which its spellings are alike, character for character, so that offsets stay."""

from unicodedata import category, normalize

# Bytes for speed: of ASCII only small letters and digits are left, of what is beyond it every byte.
_ASCII_MARKS_TO_SPACES = bytes(byte if byte > 127 or chr(byte).isalnum() else ord(" ") for byte in range(256))
_ASCII = bytes(range(128))
# More characters to be replaced than most prose has: one slow pass is better then than many fast ones.
_MOST_REPLACED = 64


def fold(text: str) -> str:
    """As many characters as `text`: small letters, Latin ones without accents; digits; a space for every mark."""
    return fold_to_utf8(text).decode()


def fold_to_utf8(text: str) -> bytes:
    """The same in UTF-8: not as many bytes as `text` has."""
    low = text.lower()
    if len(low) != len(text):  # "İ" becomes two
        low = "".join(small if len(small := each.lower()) == 1 else each for each in text)
    if not low.isascii():
        low = _replace(low)
    return low.encode().translate(_ASCII_MARKS_TO_SPACES)


def beyond_ascii(text: str) -> str:
    """Those of its characters that are not in ASCII, in order. Of most texts they are few."""
    return text.encode(errors="surrogatepass").translate(None, _ASCII).decode(errors="surrogatepass")


def _replace(low: str) -> str:
    beyond = set(beyond_ascii(low))
    table: dict[str, str] = {each: plain for each in beyond if (plain := _plain(each)) != each}
    if len(table) > _MOST_REPLACED:
        return low.translate({ord(each): plain for each, plain in table.items()})
    for each, plain in table.items():
        low = low.replace(each, plain)
    return low


def _plain(character: str) -> str:
    if category(character)[0] in "PSZC":
        return " "
    base = normalize("NFKD", character)  # a letter and its accents; a full-width form
    return base[0].lower() if base[0].isascii() and base[0].isalnum() and not base[1:2].isalnum() else character
