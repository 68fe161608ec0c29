#include "experiments/cli/program.h"

int main(int argc, char** argv) { return rheobase::run_program({argv + 1, argv + argc}); }
