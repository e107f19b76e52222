"""The private database of a home as an administrator treats it: dumped, put back, dropped, while the services run."""

import os
import subprocess
from pathlib import Path

import psycopg2

from home import REPOSITORY, Home
from waiting import await_value

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


class HomeDatabase:
    """The database `observer` of a home; others take its place and give it back."""

    name = "observer"

    def __init__(self, home: Home):
        self.home = home
        self.settings = home.values("settings")

    def run(self, program: str, *arguments: str) -> None:
        environment = os.environ | {"PGPASSWORD": self.settings["PG_ADMIN_PASSWORD"]}
        place = ["-h", "127.0.0.1", "-p", self.settings["PG_PORT"], "-U", "postgres"]
        result = subprocess.run(
            [PROGRAMS / program, *place, *arguments], env=environment, capture_output=True, text=True, timeout=60
        )
        assert result.returncode == 0, f"{program}: {result.stderr}"

    def tool(self, *arguments: str) -> str:
        """observerctl, with what the home gives it; returns what it prints."""
        program = REPOSITORY / ".build" / "release" / "observerctl"
        environment = {"PATH": os.environ["PATH"]} | self.home.environment()
        result = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, f"observerctl {arguments[0]}: {result.stdout}{result.stderr}"
        return result.stdout

    # Other databases in its place

    def dump(self, path: Path) -> None:
        self.run("pg_dump", "-Fc", "-f", str(path), self.name)

    def restore(self, path: Path) -> None:
        """The state of a dump, in place of the present one, which is gone."""
        self.create("restored")
        self.run("pg_restore", "-d", "restored", "--exit-on-error", str(path))
        self.put("restored", "outdated")
        self.home.run_as_database_admin("drop database outdated")

    def create(self, name: str) -> None:
        self.home.run_as_database_admin(f"create database {name} owner observer_migrate")

    def put(self, other: str, kept: str) -> None:
        """Another database under this one's name, and this one under a third; services find their connections cut."""
        admin = self.home.run_as_database_admin
        admin(f"alter database {self.name} allow_connections false")

        def is_renamed() -> bool:
            admin(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{self.name}'")
            try:
                admin(f"alter database {self.name} rename to {kept}")
            except psycopg2.errors.ObjectInUse:
                return False
            return True

        await_value("nobody uses the database", 10, is_renamed)
        admin(f"alter database {other} rename to {self.name}")
        admin(f"alter database {kept} allow_connections true")

    def prepare(self) -> None:
        """Tables and rights in an empty database, as `observer up` makes them."""
        self.tool("migrate")
