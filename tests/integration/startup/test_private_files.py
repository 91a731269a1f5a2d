"""What the product keeps is its owner's alone, whoever may read the folder it was given."""

from __future__ import annotations

import stat
from collections.abc import Callable

from running_product import Product


def test_no_file_in_the_folder_may_be_read_by_others(make_product: Callable[..., Product]) -> None:
    product = make_product()
    product.home.mkdir(mode=0o755)
    product.home.chmod(0o755)
    product.start()
    with product.client() as client:
        client.post("/flows", json={"name": "mine"}).raise_for_status()
    kept = [path for path in product.home.rglob("*") if path.name != "stderr.log"]  # that one is the test's own
    assert any(path.name.startswith("orchestrator") for path in kept)
    open_to_others = {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in kept if path.stat().st_mode & 0o077}
    assert open_to_others == {}
