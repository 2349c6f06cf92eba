"""Take the picture of the report again: run the demo, open its page in Chromium, keep the top of it.

    python docs/picture.py          writes docs/images/report.png (Chromium must be installed)
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PICTURE = Path(__file__).resolve().parent / "images" / "report.png"
SIZE = "1080,1410"


def main() -> int:
    """0 where the picture was taken, 1 where no Chromium is there to take it."""
    browser = next((b for b in ("chromium", "chromium-browser", "google-chrome") if shutil.which(b)), None)
    if browser is None:
        print("no Chromium found; install it (apt install chromium) and run this again", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "report.html")
        subprocess.run([sys.executable, "-m", "jevons", "demo", "--report", str(page), "--json"], check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        PICTURE.parent.mkdir(exist_ok=True)
        subprocess.run([browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                        "--force-color-profile=srgb", f"--window-size={SIZE}", f"--screenshot={PICTURE}",
                        page.as_uri()], check=True, capture_output=True)  # fmt: skip
    print(f"{PICTURE.name}: {PICTURE.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
