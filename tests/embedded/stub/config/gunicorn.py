workers = 1
control_socket_disable = True
