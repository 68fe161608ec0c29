# A door for people: both targets install what they need (Debian 12) and call CMake, which is the real build.
.PHONY: demo test install clean

rheobase := build/release/experiments/cli/rheobase
model := out/fashion-mnist.h5
STEPS ?= 16

demo:
	@tests/support/install_packages.sh build
	@cmake --preset release --log-level=WARNING
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
	@echo && echo "Every rule against every other:" && echo
	@$(rheobase) sweep experiments/models/fashion-mnist.toml --out out/fashion-mnist
	@echo && echo "The page to look at: out/fashion-mnist/report.html"

test:
	@tests/support/install_packages.sh test
	@cmake --preset ci --log-level=WARNING
	@cmake --build --preset ci
	@ctest --preset ci

# `make install DESTDIR=... PREFIX=/usr`: the program, the libraries and their headers.
PREFIX ?= /usr/local
install:
	@tests/support/install_packages.sh build
	@cmake --preset release --log-level=WARNING
	@cmake --build --preset release
	@DESTDIR="$(DESTDIR)" cmake --install build/release --prefix "$(PREFIX)"

clean:
	rm -rf build out
