"""Control charts, their rules, and exact statistics for small counts; pure but for the command."""
