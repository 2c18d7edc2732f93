"""`rrcli session [list|show|remove] [NAME]`: the named sessions, each the file of one origin."""

from __future__ import annotations

import os

from rrcli.base import privatefile
from rrcli.base.errors import ExchangeError, usage
from rrcli.base.fields import MASK
from rrcli.base.units import counted
from rrcli.base.userfolder import config_folder
from rrcli.cli.show import color, print_document, print_text
from rrcli.codec.http.sessionfile import read_session
from rrcli.options.parse import suggestion
from rrcli.options.request import Output
from rrcli.policy.secrets import mask_field
from rrcli.report.terminal.paint import SEPARATOR, Page, pieces
from rrcli.report.terminal.screen import width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.codec.http.cookies import Cookie
    from rrcli.codec.http.sessionfile import StoredSession

    Row = dict[str, Any]

VERBS = ("list", "show", "remove")
SUFFIX = ".json"


def session(values: dict[str, Any]) -> int:
    """Run it. Raises `usage` for a name that no session has, or several have where one is to be removed; `local` for a file."""
    verb, *names = values.pop("arguments") or ("list",)
    output = Output(**values)
    if verb not in VERBS:
        raise usage(f"session takes {', '.join(VERBS)}, not {verb!r}{suggestion(verb, VERBS)}", f"rrcli session show {verb}")
    if verb != "list" and not names:
        raise usage(f"session {verb} needs a name", "rrcli session lists them")
    files = _files()
    chosen = [file for name in names for file in _named(name, files)] if names else list(files)
    if verb == "remove":
        return _remove(names, files, output)
    rows = [_row(file, files[file], whole=verb == "show", masks=not output.show_secrets) for file in dict.fromkeys(chosen)]
    if output.json:
        print_document({"sessions": rows}, 3)
    else:
        print_text(_draw(rows, color=color(output, 1)))
    return 0


def _files() -> dict[str, str]:
    """The sessions that there are, `HOST_PORT/NAME`, each with its file. Raises `local` for a folder that cannot be read."""
    root = os.path.join(config_folder(), "sessions")
    found = {}
    try:
        for place in sorted(os.listdir(root)) if os.path.isdir(root) else ():
            folder = os.path.join(root, place)
            for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
                if name.endswith(SUFFIX):
                    found[f"{place}/{name.removesuffix(SUFFIX)}"] = os.path.join(folder, name)
    except OSError as error:
        raise ExchangeError("local", "input", f"cannot read {root}: {(error.strerror or str(error)).lower()}") from error
    return found


def _named(name: str, files: dict[str, str]) -> list[str]:
    """Those of this name, whatever their origin; `HOST_PORT/NAME` is one of them. Raises `usage` where there is none."""
    found = [each for each in files if name in (each, each.rpartition("/")[2])]
    if not found:
        known = list(dict.fromkeys([*(each.rpartition("/")[2] for each in files), *files]))
        raise usage(f"there is no session {name!r}{suggestion(name, known)}", "rrcli session lists them")
    return found


def _remove(names: list[str], files: dict[str, str], output: Output) -> int:
    """Remove them, all or none: a name that several origins have says too little."""
    removed = []
    for name in names:
        found = _named(name, files)
        if len(found) > 1:
            raise usage(f"several origins have a session {name}: {', '.join(found)}", f"rrcli session remove {found[0]}")
        removed += found
    for each in dict.fromkeys(removed):
        try:
            os.unlink(files[each])
        except OSError as error:
            raise ExchangeError("local", "output", f"cannot remove {files[each]}: {(error.strerror or str(error)).lower()}") from error
    if output.json:
        print_document({"removed": [{"name": each, "file": files[each]} for each in dict.fromkeys(removed)]}, 2)
    else:
        print_text("\n".join(f"removed {each}  {files[each]}" for each in dict.fromkeys(removed)))
    return 0


def _row(name: str, path: str, *, whole: bool, masks: bool) -> Row:
    """What is told of one session; a broken file says why."""
    row: Row = {"name": name.rpartition("/")[2], "file": path, "origin": None, "auth": None, "headers": 0, "cookies": 0, "error": None}
    try:
        stored = read_session(privatefile.read_text(path, regular=True) or "")
    except (ValueError, ExchangeError) as error:
        return {**row, "error": str(error)}
    auth = stored.auth and stored.auth["type"]
    row |= {"origin": stored.origin, "auth": auth, "headers": len(stored.headers), "cookies": len(stored.cookies)}
    return {**row, **_contents(stored, masks=masks)} if whole else row


def _contents(stored: StoredSession, *, masks: bool) -> Row:
    """Credentials, fields and cookies, with the mask in the place of what is secret in them."""
    auth = stored.auth and {key: _credential(key, value) if masks else value for key, value in stored.auth.items()}
    fields = [[name, mask_field(name, value) if masks else value] for name, value in stored.headers]
    return {"auth": auth, "headers": fields, "cookies": [_cookie(cookie, masks=masks) for cookie in stored.cookies]}


def _credential(key: str, value: str) -> str:
    """A user's name is no secret, but its password and a token are."""
    if key == "token":
        return MASK
    name, colon, password = value.partition(":")
    return f"{name}{colon}{password and MASK}"


def _cookie(cookie: Cookie, *, masks: bool) -> Row:
    value = MASK if masks and cookie.value else cookie.value
    return {"name": cookie.name, "value": value, "domain": cookie.domain, "path": cookie.path, "expires": cookie.expires}


# --- drawing


def _draw(rows: list[Row], *, color: bool) -> str:
    """A line for each session, and below it what it holds where that is asked for."""
    page = Page(width())
    if not rows:
        page.add(pieces(f"no sessions in {os.path.join(config_folder(), 'sessions')}"), 0)
    for row in rows:
        if row["error"]:
            page.add_flow([pieces(row["name"], "strong"), pieces(f"broken: {row['error']}", "bad")], indent=0, separator=SEPARATOR)
            page.add_hanging([], row["file"], role="dim")
            continue
        whole = isinstance(row["cookies"], list)
        items = [pieces(row["name"], "strong"), pieces(row["origin"])]
        if not whole:
            items += [pieces(counted(row["cookies"], "cookie")), pieces(counted(row["headers"], "field"))]
            items += [pieces(row["auth"])] if row["auth"] else []
        page.add_flow(items, indent=0, separator=SEPARATOR)
        if whole:
            auth = row["auth"] or {}
            page.labelled([(auth["type"], " ".join(value for key, value in auth.items() if key != "type"))] if auth else [])
            page.labelled([(name, value) for name, value in row["headers"]])
            page.labelled([(cookie["name"], f"{cookie['value']}  {cookie['domain']}{cookie['path']}") for cookie in row["cookies"]])
        page.add(pieces(row["file"], "dim"))
    return page.text(color=color)
