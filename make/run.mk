# Start the product.

.PHONY: run

run: setup ## Start TriggerFlow Canvas at http://127.0.0.1:8484/ (TFCANVAS_PORT, TFCANVAS_HOME)
	@# exec: the shell steps aside, so that Ctrl-C and SIGTERM reach the server itself.
	@exec $(VENV)/bin/tfcanvas up
