"""The server around a database as observed at one moment: settings, replication, archive, sessions, who may enter."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from .capabilities import Hosted


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A row of pg_settings; `value` and `default` are in `unit` ('8kB', 'ms', '' …), as the server stores them."""

    name: str
    value: str
    default: str
    unit: str = ""
    source: str = "default"
    pending_restart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationError:
    """What the server cannot read in its configuration files now; `setting` is '' where the line names none."""

    file: str
    line: int
    setting: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnloadedSetting:
    """A line of the configuration files that says otherwise than the running server, which needs but a reload."""

    setting: str
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A replication slot, with the WAL in bytes that it keeps the server from removing."""

    name: str
    kind: Literal["physical", "logical"]
    active: bool
    temporary: bool = False
    synced: bool = False  # a standby's copy of its primary's, which nobody uses there
    database: str = ""
    retained_bytes: int | None = None
    wal_status: str = ""  # reserved, extended, unreserved, lost
    inactive_since: datetime | None = None  # from version 17 on


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """A replica that streams from here; None where the role may not see how far it is."""

    name: str
    state: str
    sync: str
    bytes_behind: int | None = None
    seconds_behind: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Archiver:
    """pg_stat_archiver."""

    archived: int = 0
    failed: int = 0
    last_archived_at: datetime | None = None
    last_failed_at: datetime | None = None
    last_failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HbaRule:
    """A line of pg_hba.conf as the server reads it now, in order.

    `error`: why it cannot match; where the line cannot be read at all, `kind` is ''.
    """

    line: int
    kind: str  # local, host, hostssl, hostnossl …
    databases: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    address: str = ""
    netmask: str = ""
    method: str = ""
    options: tuple[str, ...] = ()
    error: str = ""
    file: str = ""  # from version 16 on, which has files that include others


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What keeps vacuum from removing dead rows: its age in transactions and, of a transaction, in seconds."""

    kind: Literal["session", "prepared transaction", "slot", "replica"]
    name: str
    age: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A client's session that is not pgrefit's."""

    pid: int
    role: str
    state: str
    transaction_seconds: float = 0.0
    state_seconds: float = 0.0
    encrypted: bool = False
    local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CollationVersion:
    """A collation whose library has another version than when it was recorded.

    `name` is spelt as `IndexKey.collation`; '' is the database's own. `actual` is '' where the library is gone.
    """

    name: str
    recorded: str
    actual: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription of logical replication in this database, with errors since its counters began.

    `working`: whether its worker runs now. `waiting_tables`: how many tables are not copied yet.
    """

    name: str
    enabled: bool
    apply_errors: int = 0
    sync_errors: int = 0
    working: bool = True
    waiting_tables: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordEnd:
    """When the password of a role that logs in ceases to be accepted."""

    role: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Md5Role:
    """A role that logs in and whose password is stored as an MD5 hash."""

    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPassword:
    """A role that logs in and whose password is its own name."""

    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """pg_stat_database of this database; `conflicts` are queries that a standby cancelled to go on replaying."""

    commits: int = 0
    rollbacks: int = 0
    blocks_read: int = 0
    blocks_hit: int = 0
    temporary_files: int = 0
    temporary_bytes: int = 0
    deadlocks: int = 0
    conflicts: int = 0
    checksum_failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """What could not be looked at, and why."""

    about: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """All that is known of a server. `version_num` is 0 where it was not observed: rules then say nothing of it."""

    version_num: int = 0
    version: str = ""
    in_recovery: bool = False
    superuser: bool = False  # the role that looked
    hosted: Hosted | None = None
    observed_at: datetime | None = None  # by the server's clock
    started_at: datetime | None = None
    encoding: str = ""
    xid_age: int = 0  # of the oldest transaction that the database's rows name
    mxid_age: int = 0
    settings: tuple[Setting, ...] = ()
    configuration_errors: tuple[ConfigurationError, ...] = ()
    unloaded_settings: tuple[UnloadedSetting, ...] = ()
    slots: tuple[Slot, ...] = ()
    replicas: tuple[Replica, ...] = ()
    archiver: Archiver = Archiver()
    hba: tuple[HbaRule, ...] = ()
    holders: tuple[Holder, ...] = ()
    sessions: tuple[Session, ...] = ()
    collations: tuple[CollationVersion, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    password_ends: tuple[PasswordEnd, ...] = ()  # within a year
    md5_roles: tuple[Md5Role, ...] = ()
    named_passwords: tuple[NamedPassword, ...] = ()
    counters: Counters = Counters()
    unseen: tuple[Unseen, ...] = ()
    format: str = field(default="pgrefit/server/1")

    @property
    def major(self) -> int:
        """Major version, such as 16."""
        return self.version_num // 10000

    def setting(self, name: str) -> Setting | None:
        """The setting of that name, or None where there is none or the role may not see it."""
        return next((setting for setting in self.settings if setting.name == name), None)

    def value(self, name: str) -> str:
        """The value of a setting in its unit; '' where there is none."""
        found = self.setting(name)
        return found.value if found else ""

    def number(self, name: str) -> float | None:
        """The value of a numeric setting in its unit; None where there is none."""
        found = self.setting(name)
        return float(found.value) if found else None

    def is_on(self, name: str) -> bool:
        """Whether a switch is on."""
        return self.value(name) == "on"

    def is_off(self, name: str) -> bool:
        """Whether a switch is known to be off."""
        return self.value(name) == "off"
