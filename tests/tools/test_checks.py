#!/usr/bin/env python3
"""Breaks each rule of tools/check_layers and tools/check_style once, in a tree of its own, and expects it to be found."""
import subprocess
import sys
import tempfile
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"

# file, content, tool, what must be said of it ("" : nothing)
CASES = [
    ("engine/base/x.c", '/* x */\n#include "engine/model/type.h"\n', "check_layers", "base must not include model"),
    ("engine/x.c", '/* x */\n#include "dsl/compiler/compiler.h"\n', "check_layers", "engine must not include compiler"),
    ("dsl/compiler/x.c", '/* x */\n#include "engine/engine.h"\n', "check_layers", "compiler must not include engine"),
    ("engine/model/x.c", '/* x */\n#include "runtime/main.h"\n', "check_layers", "model must not include runtime"),
    ("connectors/x.c", '/* x */\n#include "engine/engine.h"\n', "check_layers", "connectors must not include engine"),
    ("runtime/x.c", '/* x */\n#include "engine/context.h"\n', "check_layers", "private to engine"),
    ("engine/x.c", "/* x */\n#include <sqlite3.h>\n", "check_layers", "may be seen only by"),
    ("engine/x.c", "/* x */\n#include <lua.h>\n", "check_layers", "may be seen only by engine/script/"),
    ("engine/script/x.c", "/* x */\n#include <lua.h>\n", "check_layers", ""),
    ("engine/x.c", "/* x */\nint ticket_count;\n", "check_layers", "business word"),
    ("runtime/x.c", "/* x */\nconst char *name = \"SLA\";\n", "check_layers", "business word"),
    ("connectors/x.c", "/* x */\nint datev_columns;\n", "check_layers", ""),
    ("engine/x.c", "int x;\n", "check_style", "begins without the comment"),
    ("engine/x.c", "/* x */\nint  x;\n", "check_style", "clang-format"),
    ("engine/x.c", "/* x */\nint x; \n", "check_style", "blanks at the end"),
    ("engine/x.c", "/* x */\n" + "int x(void);\n" * 701, "check_style", "a second thing"),
    ("engine/x.c", "/* x */\nint f(void)\n{\n" + "\tf();\n" * 81 + "}\n", "check_style", "f has 81 lines"),
    ("engine/x.c", "/* x */\nint f(void)\n{\n\treturn 1;\n}\n", "check_style", ""),
]


def check(path, content, tool):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        subprocess.run(["git", "init", "-q", folder], check=True)
        (root / ".clang-format").write_bytes((TOOLS.parent / ".clang-format").read_bytes())
        (root / path).parent.mkdir(parents=True)
        (root / path).write_text(content)
        run = subprocess.run([sys.executable, str(TOOLS / tool), folder], capture_output=True, text=True)
        return run.returncode, run.stdout + run.stderr


def main():
    failed = 0
    for path, content, tool, wanted in CASES:
        code, output = check(path, content, tool)
        right = (code == 1 and wanted in output) if wanted else code == 0
        if not right:
            failed += 1
            print(f"{tool} on {path}: expected {wanted or 'no finding'!r}, got exit {code}: {output}")
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
