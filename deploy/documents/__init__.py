"""What is written from the code for people and programs that run or read the system."""
