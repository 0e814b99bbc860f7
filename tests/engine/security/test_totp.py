"""Codes of an app and codes on paper: right, in time, and once."""

from __future__ import annotations

import sys
from base64 import b32encode

import pytest

from asok_engine.errors import SetupError
from asok_engine.security.passwords import Passwords
from asok_engine.security.totp import BackupCodes, Totp, make_totp_secret

SECRET = b32encode(b"12345678901234567890").decode()
CODES = BackupCodes(Passwords(memory_kib=7168, passes=1))


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
    ],
)
def test_codes_are_those_of_the_standard(now: int, code: str) -> None:
    """RFC 6238, appendix B, shortened to six digits."""
    totp = Totp(SECRET)
    assert totp.code(now) == code
    assert totp.check(code, now) == now // 30
    assert totp.check(f" {code[:3]} {code[3:]} ", now) == now // 30


def test_code_is_good_for_its_neighbours_and_no_longer() -> None:
    """A clock may be half a minute off."""
    totp = Totp(SECRET)
    code = totp.code(3000)
    assert totp.check(code, 2999) == totp.check(code, 3031) == 100
    assert totp.check(code, 2969) is None
    assert totp.check(code, 3060) is None
    assert totp.check(code, 3031, drift_steps=0) is None


def test_code_that_was_used_is_refused() -> None:
    """Also the one before it, within their time (case 93, ASVS V6.5.1)."""
    totp = Totp(SECRET)
    step = totp.check(totp.code(3000), 3000)
    assert step == 100
    assert totp.check(totp.code(3000), 3010, last_step=step) is None
    assert totp.check(totp.code(2970), 3010, last_step=step) is None
    assert totp.check(totp.code(3030), 3031, last_step=step) == 101


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 34 5", "-12345", "0x1234"]
)
def test_what_is_no_code_is_wrong(code: str) -> None:
    """Whatever is typed, nothing is raised."""
    assert Totp(SECRET).check(code, 3000) is None


def test_secret_is_new_and_its_address_can_be_scanned() -> None:
    """160 bits; the names are escaped."""
    first, second = make_totp_secret(), make_totp_secret()
    assert first != second
    assert len(first) == 32
    address = Totp(first).address("ada@example.com", "Tickets & more")
    assert address.startswith("otpauth://totp/Tickets%20%26%20more:ada%40example.com?secret=")


def test_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, with what to run."""
    monkeypatch.setitem(sys.modules, "pyotp", None)
    with pytest.raises(SetupError, match=r'pip install "asok\[auth\]"'):
        make_totp_secret()


def test_each_code_on_paper_is_good_once() -> None:
    """Typed in any way; the others stay good (ASVS V6.5.1, V6.5.2)."""
    codes, hashes = CODES.make(3)
    assert len(set(codes)) == 3
    assert not set(codes) & set(hashes)
    left = CODES.use(f" {codes[1].upper().replace('-', '')} ", hashes)
    assert left == [hashes[0], hashes[2]]
    assert CODES.use(codes[1], left) is None
    assert CODES.use(codes[0], left) == [hashes[2]]


def test_junk_is_no_code_on_paper() -> None:
    """And costs no hash unless it could be one."""
    _, hashes = CODES.make(1)
    for junk in ("", "abcd", "a" * 1_000_000, "abcd-efgh-jkmn"):
        assert CODES.use(junk, hashes) is None
    assert CODES.use("abcd-efgh-jkmn", []) is None
