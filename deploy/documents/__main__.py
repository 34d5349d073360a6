"""`python -m deploy.documents` (`make docs`): writes every generated file of deploy/."""

import sys

from deploy.documents.written import write_all

if __name__ == "__main__":
    for path in write_all():
        sys.stdout.write(f"{path} written\n")
