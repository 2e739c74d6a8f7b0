module bench-client

go 1.26
