"""What every test shares. jaxtyping is imported before namegen, so that the shapes in the annotations are checked."""

from __future__ import annotations

import jaxtyping

jaxtyping.install_import_hook("namegen", "beartype.beartype")
