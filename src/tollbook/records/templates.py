"""Templates of FreeSWITCH's mod_cdr_csv: the variable in each cell."""

import csv
import re

from tollbook.records.rows import SourceRefused

_VARIABLE = re.compile(r"\$\{([^}]+)\}")


def names_of_template(template: str) -> list[str]:
    """Return the columns of a template such as `"${caller_id_number}","${billsec}"`.

    A cell without exactly one variable gets a name that no field has.
    """
    cells = next(csv.reader((template,)), [])
    if not _VARIABLE.search(template):
        raise SourceRefused(
            "--template must be that of cdr_csv.conf.xml, such as "
            '"${caller_id_number}","${destination_number}"'
        )
    found = [_VARIABLE.findall(it) for it in cells]
    return [it[0] if len(it) == 1 else f"cell {n}" for n, it in enumerate(found, 1)]
