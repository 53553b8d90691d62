"""`python -m chorus` is the command `chorus`."""

from chorus.commands import main

if __name__ == "__main__":
    main()
