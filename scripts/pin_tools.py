"""Writes the hashes of Python tools: `python3 scripts/pin_tools.py FILE [NAME==VERSION…]`.

FILE is a requirements file with hashes. The packages it asks for by themselves are those that end in `# wanted`; with names on the
command line those are added, or changed to another version. Everything they need is found out by pip, and the hashes of all
wheels for this Python on x86_64 and aarch64 are noted, as the index that pip is configured to use has them.
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PLATFORMS = {
    "x86_64": ["manylinux_2_17_x86_64", "manylinux_2_28_x86_64", "manylinux_2_34_x86_64", "manylinux_2_36_x86_64", "manylinux2014_x86_64", "manylinux1_x86_64"],
    "aarch64": ["manylinux_2_17_aarch64", "manylinux_2_28_aarch64", "manylinux_2_34_aarch64", "manylinux_2_36_aarch64", "manylinux2014_aarch64"],
}
WANTED = re.compile(r"^(\S+==\S+) \\\n(?:    --hash=\S+ \\\n)*    --hash=\S+  # wanted", re.MULTILINE)


def name_of(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[=\[]", requirement)[0]).lower()


def resolve(wanted: list[str], platforms: list[str]) -> dict[str, tuple[str, set[str]]]:
    """Every package that is needed, with its version and the hashes of its wheel."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--only-binary=:all:"]
        command += [word for each in platforms for word in ("--platform", each)]
        subprocess.run(command + ["--target", folder, "--report", str(report), *wanted], check=True)
        found = {}
        for item in json.loads(report.read_text())["install"]:
            name = name_of(item["metadata"]["name"])
            found[name] = item["metadata"]["version"], {item["download_info"]["archive_info"]["hashes"]["sha256"]}
        return found


def main() -> None:
    path = Path(sys.argv[1])
    text = path.read_text() if path.exists() else ""
    wanted = {name_of(each): each for each in WANTED.findall(text) + sys.argv[2:]}
    needed: dict[str, tuple[str, set[str]]] = {}
    for machine, platforms in PLATFORMS.items():
        for name, (version, hashes) in resolve(sorted(wanted.values()), platforms).items():
            others = needed.setdefault(name, (version, set()))
            if others[0] != version:
                sys.exit(f"{name} is {others[0]} elsewhere and {version} on {machine}: ask for one version of it")
            others[1].update(hashes)
    head = text[: text.index("\n\n") + 2] if text.startswith("#") else "# Made by scripts/pin_tools.py.\n\n"
    lines = [head]
    for name in sorted(needed):
        version, hashes = needed[name]
        mark = "  # wanted" if name in wanted else ""
        # pip takes a comment at the end of the last line alone.
        lines.append(" \\\n    ".join([f"{wanted.get(name, f'{name}=={version}')}"] + [f"--hash=sha256:{each}" for each in sorted(hashes)]) + mark + "\n")
    path.write_text("".join(lines))


main()
