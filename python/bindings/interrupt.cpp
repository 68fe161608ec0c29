#include "python/bindings/interrupt.h"

#include "python/bindings/bindings.h"

namespace rheobase::python {

void Interrupt::look() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  {
    const nb::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
  }
  next_ = std::chrono::steady_clock::now() + every;
}

}  // namespace rheobase::python
