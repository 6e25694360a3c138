"""What every test shares. jaxtyping is imported before namegen, so that the shapes in the annotations are checked."""

from __future__ import annotations

import hypothesis
import jaxtyping

jaxtyping.install_import_hook("namegen", "beartype.beartype")

# No deadline: the first example pays for imports, and a busy machine is not a failure.
hypothesis.settings.register_profile("namegen", deadline=None, max_examples=60)
hypothesis.settings.load_profile("namegen")
