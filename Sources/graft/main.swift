// The program begins here; Shell/Program.swift says how.
Program.start()
