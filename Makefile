# A door for people: both targets install what they need (Debian 12 and 13) and call CMake, which is the real build.
.PHONY: demo announce-demo test configure-release configure-ci install clean

rheobase := build/release/experiments/cli/rheobase
model := out/fashion-mnist.h5
STEPS ?= 16
began := $(shell date +%s)

demo: announce-demo configure-release
	@cmake --build --preset release --target rheobase
	@mkdir -p out
	@echo
	@$(rheobase) convert experiments/models/fashion-mnist-cnn-qcfs-L4.onnx $(model) --normalize fashion-mnist --arithmetic fixed
	@echo && echo "Every image for $(STEPS) steps:" && echo
	@$(rheobase) run $(model) --data fashion-mnist --steps $(STEPS) --stop never
	@echo && echo "When to stop, chosen on 5000 training images:" && echo
	@$(rheobase) calibrate $(model) --data fashion-mnist --limit 5000 --steps $(STEPS) --max-loss 0.001
	@echo && echo "Dynamic Confidence: every test image until the network is sure:" && echo
	@$(rheobase) run $(model) --data fashion-mnist --steps $(STEPS) --stop stored
	@echo && echo "Every rule against every other (a minute or so) ..."
	@$(rheobase) sweep experiments/models/fashion-mnist.toml --out out/fashion-mnist --quiet
	@echo $$(($$(date +%s) - $(began))) > build/demo.seconds && echo && echo "The demo took $$(cat build/demo.seconds) s."
	@echo "The page to look at: out/fashion-mnist/report.html"

announce-demo:
	@echo "The demo builds rheobase, converts the network that comes with it into a spiking one, runs it on the 10000 test"
	@echo "images of Fashion-MNIST, chooses when to stop, and ends with a page of charts that compares every stop rule."
	@if [ -f build/demo.seconds ]; then echo "Last time it took $$(cat build/demo.seconds) s."; \
	 else echo "The first time takes a few minutes: it compiles rheobase."; fi

test: configure-ci
	@cmake --build --preset ci
	@ctest --preset ci

# What both begin with.
configure-release:
	@tests/support/install_packages.sh build
	@cmake --preset release --log-level=WARNING

configure-ci:
	@tests/support/install_packages.sh test
	@cmake --preset ci --log-level=WARNING

# `make install DESTDIR=... PREFIX=/usr`: the program, the libraries and their headers.
PREFIX ?= /usr/local
install: configure-release
	@cmake --build --preset release
	@DESTDIR="$(DESTDIR)" cmake --install build/release --prefix "$(PREFIX)"

clean:
	rm -rf build out
