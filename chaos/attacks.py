"""All attacks that `make chaos` runs, and `make test` in a short form: add an entry to add one."""

from chaos.on_data import ON_DATA
from chaos.siege import Attack
from chaos.with_key import WITH_KEY
from chaos.without_end import WITHOUT_END
from chaos.without_key import WITHOUT_KEY

ATTACKS: tuple[Attack, ...] = (*WITHOUT_KEY, *WITH_KEY, *WITHOUT_END, *ON_DATA)
