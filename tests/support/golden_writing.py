"""Write a case as a person reads it."""

import json


def written(value: object, deep: int = 0) -> str:
    """JSON with what fits into a line in one."""
    flat = json.dumps(value, ensure_ascii=False)
    if (len(flat) + 2 * deep <= 116 and deep > 2) or not isinstance(value, dict | list) or not value:
        return flat
    pad = "  " * (deep + 1)
    if isinstance(value, list):
        inner = [f"{pad}{written(one, deep + 1)}" for one in value]
    else:
        inner = [f"{pad}{json.dumps(key)}: {written(one, deep + 1)}" for key, one in value.items()]
    opening, closing = ("[", "]") if isinstance(value, list) else ("{", "}")
    return opening + "\n" + ",\n".join(inner) + "\n" + "  " * deep + closing
