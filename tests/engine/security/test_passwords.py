"""Hashes of passwords: Argon2id, unmodified input, bounded work, the same work for everybody."""

from __future__ import annotations

import time

import pytest

from asok_engine.errors import InputError, SetupError
from asok_engine.security.passwords import PasswordCheck, Passwords, PasswordTooLong, salt_of

PASSWORDS = Passwords()
#: As weak as is allowed, so that tests are quick.
QUICK = Passwords(memory_kib=7168, passes=1)


def test_hash_is_argon2id_with_owasps_costs() -> None:
    """19 MiB, two passes, one lane, and a salt of its own (ASVS V11.4.2)."""
    first, second = PASSWORDS.hash("correct horse"), PASSWORDS.hash("correct horse")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert PASSWORDS.check(first, "correct horse").is_right
    assert not PASSWORDS.check(first, "correct hors").is_right


@pytest.mark.parametrize(
    "password", ["", " spaces ", "ünïcödé", "日本語のパスワード", "a\x00b", "half \ud800", "x" * 1022]
)
def test_password_is_taken_as_it_is(password: str) -> None:
    """Nothing is cut, trimmed or folded (ASVS V6.2.8); neighbours of it are wrong."""
    stored = QUICK.hash(password)
    assert QUICK.check(stored, password).is_right
    for other in (password.strip() + "!", password[:-1] + "?", password.upper() + " "):
        assert not QUICK.check(stored, other).is_right


@pytest.mark.parametrize(
    "stored", [None, "", "!", "pbkdf2:sha256:3000000$a$b", "$argon2id$cut", "x" * 10_000]
)
def test_what_is_no_hash_of_ours_is_never_right(stored: str | None) -> None:
    """Also not with the text itself as the password (D3)."""
    for password in ("", "x", stored or "y"):
        if len(password) <= 1024:
            assert not QUICK.check(stored, password).is_right


def test_weaker_hash_is_made_anew() -> None:
    """Whoever signs in gets the costs of today; a wrong password says nothing of it."""
    stored = QUICK.hash("correct horse")
    assert PASSWORDS.check(stored, "correct horse").needs_rehash
    assert not PASSWORDS.check(stored, "wrong").needs_rehash
    assert not PASSWORDS.check(PASSWORDS.hash("correct horse"), "correct horse").needs_rehash


@pytest.mark.parametrize("password", ["x" * 1025, "é" * 513, "x" * 1_000_000])
def test_megabyte_is_refused_before_any_work(password: str) -> None:
    """400 at once, when it is set and when it is tried (case 87)."""
    stored = QUICK.hash("x")
    began = time.process_time()
    for call in (lambda: PASSWORDS.hash(password), lambda: PASSWORDS.check(stored, password)):
        with pytest.raises(PasswordTooLong) as refusal:
            call()
        assert isinstance(refusal.value, InputError)
        assert refusal.value.status == 400
    assert time.process_time() - began < 0.03


def test_everybody_costs_one_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who is unknown, one without a password, and one with a broken hash (case 85)."""
    stored = QUICK.hash("x")
    QUICK.check(None, "x")
    done: list[str] = []
    hasher = QUICK._hasher
    verify = type(hasher).verify

    def counted(self: object, text: str, data: bytes) -> object:
        try:
            return verify(self, text, data)  # type: ignore[arg-type]
        finally:
            if text.startswith("$argon2id$v=19$"):
                done.append(text)

    monkeypatch.setattr(type(hasher), "verify", counted)
    for kept in (stored, None, "", "!", "$argon2id$cut"):
        done.clear()
        QUICK.check(kept, "wrong")
        assert len(done) == 1, kept


def test_costs_that_protect_nothing_are_refused() -> None:
    """Below OWASP's lowest a hash is no protection."""
    for costs in ({"memory_kib": 1024}, {"passes": 0}, {"lanes": 0}):
        with pytest.raises(SetupError, match="7168"):
            Passwords(**costs)


def test_a_hash_made_anew_keeps_its_salt() -> None:
    """By it one setting of a password is told from the next; of what is no hash of ours the whole text is kept."""
    stored = QUICK.hash("x")
    anew = Passwords().hash_anew("x", stored)
    assert anew != stored
    assert salt_of(anew) == salt_of(stored)
    assert Passwords().check(anew, "x") == PasswordCheck(True)
    assert salt_of(QUICK.hash("x")) != salt_of(stored)
    for foreign in ("", "!", "$2b$12$abc", "$argon2id$cut", "$argon2id$v=19$m=7168,t=1,p=1$c2hvcnQ$x"):
        made = QUICK.hash_anew("x", foreign)
        assert QUICK.check(made, "x").is_right
        assert salt_of(made) != salt_of(foreign)
    assert salt_of("$2b$12$abc") == "$2b$12$abc"
