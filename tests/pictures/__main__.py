"""`python -m tests.pictures FOLDER`: a day at the real screen, photographed; with no folder, the pictures of the docs.

python -m tests.pictures                              docs/pictures, those that a page shows
python -m tests.pictures /tmp/p                       every scene, both sizes, in English
python -m tests.pictures /tmp/p --language fi --theme dark
NO_COLOR=1 python -m tests.pictures /tmp/p            as a screen without colours shows it; TERM=linux likewise
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from tests.pictures.clinic import clinic_of
from tests.pictures.day import Camera, play

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "pictures"
SIZES = ((80, 24), (120, 40))
LANGUAGES = ["en", "sv"]
SHOWN = ("desk", "question", "pay", "approved", "unknown", "give-back", "close-day", "fallback")
MISSING = "No PNG can be drawn here: on Debian, apt-get install libcairo2 fonts-dejavu-core. The SVGs are made."


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--language", help="en, sv, nb, da or fi; the docs have en and sv")
    parser.add_argument("--theme", default="light")
    parser.add_argument("--training", action="store_true", help="as the demo shows it")
    options = parser.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())  # the agent's log of the day is of no interest here
    runs = [options.language] if options.language else ["en"] if options.folder else LANGUAGES
    missing = False
    for language in runs:
        folder = options.folder or DOCS / language
        scenes = None if options.folder else SHOWN
        camera = Camera(folder, SIZES if options.folder else SIZES[:1], scenes)
        asyncio.run(photograph(camera, language, options.theme, is_training=options.training))
        missing |= camera.draws_no_png
    if missing:
        sys.stderr.write(MISSING + "\n")
    return int(missing)


async def photograph(camera: Camera, language: str, theme: str, *, is_training: bool) -> None:
    async with clinic_of(language, theme, is_training=is_training) as clinic:
        await play(clinic, camera)


if __name__ == "__main__":
    sys.exit(main())
