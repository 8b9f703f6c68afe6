"""What is true whatever the framework: Structs and pure functions. No I/O, no clock."""
