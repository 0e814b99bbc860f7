"""The parts that not every application has: their code is loaded when a composition asks for them.

`parts.DataLayer` imports models, databases and all that they stand on. An application
that never asks starts sooner and stays smaller. What every application has is
imported at the top of the file that uses it, as everywhere.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asok.auth.extra import INSTALL as INSTALL
    from asok.auth.extra import missing_packages as missing_packages
    from asok.auth.extra import need_providers as need_providers
    from asok.auth.followers import FollowedQueries as FollowedQueries
    from asok.auth.followers import PeopleNow as PeopleNow
    from asok.auth.followers import follower_of as follower_of
    from asok.auth.impersonation import ImpersonationBanner as ImpersonationBanner
    from asok.auth.links import Links as Links
    from asok.auth.newpassword import NewPassword as NewPassword
    from asok.auth.notices import Notices as Notices
    from asok.auth.oauth import OAuth as OAuth
    from asok.auth.passkeys import Passkeys as Passkeys
    from asok.auth.passkeyscript import PasskeyScript as PasskeyScript
    from asok.auth.people import People as People
    from asok.auth.post import Post as Post
    from asok.auth.requestauth import RequestAuth as RequestAuth
    from asok.debugmigrate import MigrateButton as MigrateButton
    from asok.debugpage import DebugPage as DebugPage
    from asok.forms.rowchoices import row_choices as row_choices
    from asok.orm.layer import DataLayer as DataLayer
    from asok_engine.backends.mail.console import ConsoleMailer as ConsoleMailer
    from asok_engine.backends.mail.smtp import SmtpMailer as SmtpMailer
    from asok_engine.database.running import run as run
    from asok_engine.database.running import run_async as run_async
    from asok_engine.realtime.followings import Followings as Followings
    from asok_engine.records.policy import ANONYMOUS as ANONYMOUS
    from asok_engine.records.policy import Principal as Principal
    from asok_engine.records.policy import authorise as authorise
    from asok_engine.records.policy import decide as decide
    from asok_engine.records.policy import is_allowed as is_allowed
    from asok_engine.templates.environment import Environment as Environment

_HOMES = {
    "ANONYMOUS": "asok_engine.records.policy",
    "ConsoleMailer": "asok_engine.backends.mail.console",
    "DataLayer": "asok.orm.layer",
    "DebugPage": "asok.debugpage",
    "Environment": "asok_engine.templates.environment",
    "FollowedQueries": "asok.auth.followers",
    "Followings": "asok_engine.realtime.followings",
    "INSTALL": "asok.auth.extra",
    "MigrateButton": "asok.debugmigrate",
    "ImpersonationBanner": "asok.auth.impersonation",
    "Links": "asok.auth.links",
    "NewPassword": "asok.auth.newpassword",
    "Notices": "asok.auth.notices",
    "OAuth": "asok.auth.oauth",
    "PasskeyScript": "asok.auth.passkeyscript",
    "Passkeys": "asok.auth.passkeys",
    "People": "asok.auth.people",
    "PeopleNow": "asok.auth.followers",
    "Post": "asok.auth.post",
    "Principal": "asok_engine.records.policy",
    "RequestAuth": "asok.auth.requestauth",
    "SmtpMailer": "asok_engine.backends.mail.smtp",
    "authorise": "asok_engine.records.policy",
    "decide": "asok_engine.records.policy",
    "follower_of": "asok.auth.followers",
    "is_allowed": "asok_engine.records.policy",
    "missing_packages": "asok.auth.extra",
    "need_providers": "asok.auth.extra",
    "row_choices": "asok.forms.rowchoices",
    "run": "asok_engine.database.running",
    "run_async": "asok_engine.database.running",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'asok.parts' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value
