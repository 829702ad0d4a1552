"""Names for annotations that Python 3.10 lacks. Frameworks evaluate annotations at run time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ForwardRef

from molam_overlays.home import home

if TYPE_CHECKING:
    from typing_extensions import Self as Self
    from typing_extensions import Unpack as Unpack
elif sys.version_info >= (3, 11):
    from typing import Self, Unpack
else:
    from typing import TypeVar

    Self = TypeVar("Self")

    class Unpack:
        """Stands for the class in brackets, which says all that Python 3.10 can say."""

        def __class_getitem__(cls, item):
            return item


def at_home(module: str, *public: Any) -> None:
    """Say from where users import these classes and functions, and where their pickles look.

    Args:
        module: of our own package; another package that this runtime serves has one like it.
        public: the classes and functions.

    The annotations of a class still mean what they mean in the module that they are written in.
    """
    for each in public:
        written_in = each.__module__
        each.__module__ = home().module(module)
        if isinstance(each, type):
            each.__annotations__ = {
                name: _reference(annotation, written_in)
                for name, annotation in each.__annotations__.items()
            }


def _reference(annotation: Any, module: str) -> Any:
    text = getattr(annotation, "__forward_arg__", annotation)
    if not isinstance(text, str):
        return annotation
    return ForwardRef(text, module=module, is_class=True)


def later(module: str, name: str) -> Any:
    """Stand for a class in annotations; its module is imported when somebody evaluates them."""
    return ForwardRef(f"__import__({module!r}, None, None, [{name!r}]).{name}")
