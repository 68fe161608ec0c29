#include "python/bindings/errors.h"

#include <string_view>

#include "python/bindings/bindings.h"

namespace rheobase::python {
namespace {

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

// Where an option's name that begins at `at` ends; `at` where there is none, but a part of a path, say.
std::size_t end_of_option(const std::string& text, std::size_t at) {
  const bool begins = at == 0 || std::string_view(" '(").find(text[at - 1]) != std::string_view::npos;
  if (!begins || text.compare(at, 2, "--") != 0) return at;
  std::size_t end = at + 2;
  if (end == text.size() || !is_letter(text[end])) return at;
  while (end < text.size() && (is_letter(text[end]) || text[end] == '-')) ++end;
  const std::size_t after = end < text.size() && text[end] == '.' ? end + 1 : end;
  const bool ends =
      after == text.size() || std::string_view(" ':;,)=").find(text[after]) != std::string_view::npos;
  return ends ? end : at;
}

// Past the command in quotes that begins at `at`; `at` where there is none.
std::size_t end_of_command(const std::string& text, std::size_t at) {
  if (text.compare(at, 10, "'rheobase ") != 0) return at;
  const std::size_t quote = text.find('\'', at + 1);
  return quote == std::string::npos ? at : quote + 1;
}

void raise_input_error(const InputError& error, nb::handle type) {
  const bool of_option = end_of_option(error.source(), 0) == error.source().size();
  const nb::str text = to_str(python_text(error.what(), of_option ? "" : error.source()));
  PyErr_SetObject(type.ptr(), text.ptr());
}

}  // namespace

std::string python_text(const std::string& text, const std::string& source) {
  std::string result = text.compare(0, source.size(), source) == 0 ? source : "";
  for (std::size_t at = result.size(); at < text.size();) {
    const std::size_t command = end_of_command(text, at);
    const std::size_t option = end_of_option(text, at);
    if (command != at) {
      result.append(text, at, command - at);
      at = command;
    } else if (option != at) {
      for (std::size_t i = at + 2; i < option; ++i) result += text[i] == '-' ? '_' : text[i];
      at = option;
    } else {
      result += text[at++];
    }
  }
  return result;
}

std::vector<std::string> python_texts(const Notes& notes) {
  std::vector<std::string> texts;
  for (const Fault& note : notes)
    texts.push_back(python_text(note.where.empty() ? note.what : note.where + ": " + note.what));
  return texts;
}

nb::str to_str(const std::string& bytes) {
  PyObject* text =
      PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "backslashreplace");
  if (text == nullptr) throw nb::python_error();
  return nb::steal<nb::str>(text);
}

nb::list to_strs(const std::vector<std::string>& texts) {
  nb::list list;
  for (const std::string& text : texts) list.append(to_str(text));
  return list;
}

void bind_errors() {
  // The translator's own reference, for as long as the process lives.
  nb::object type = nb::module_::import_("rheobase._errors").attr("InputError");
  nb::register_exception_translator(
      [](const std::exception_ptr& thrown, void* type) {
        try {
          std::rethrow_exception(thrown);
        } catch (const InputError& error) {
          raise_input_error(error, static_cast<PyObject*>(type));
        }
      },
      type.release().ptr());
}

}  // namespace rheobase::python
