from typing import Any

class Tags:
    def __getattr__(self, name: str) -> Any: ...
