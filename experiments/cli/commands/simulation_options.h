#pragma once

#include <cstdint>
#include <string>

#include "experiments/cli/command_line.h"
#include "experiments/simulation/simulation.h"

namespace rheobase {

/// The options of every command that simulates: which samples, and how.
void add_simulation_options(CommandSpec& spec, const char* default_split);

/// Which data set: --data, --resize and --crop. `help` is of the first.
void add_data_options(CommandSpec& spec, const std::string& help);
/// Its SPEC, with what the other two add to it. Throws InputError where they do not go with it.
std::string data_spec_of(const CommandLine& line);
/// The same with what the options of recordings add, which come with add_simulation_options().
std::string samples_spec_of(const CommandLine& line);

/// --readout-delay, of what reads logits: 0 unless given.
void add_readout_delay(CommandSpec& spec);
int readout_delay_of(const CommandLine& line);

/// Those of them that change no result: device, slots, kernels.
void add_engine_options(CommandSpec& spec);
EngineOptions parse_engine(const CommandLine& line);

/// What they say, but for the stop rule; the model is the first word. Throws InputError naming `command`
/// where the data are missing, and on anything out of range.
SimulationSpec parse_simulation(const CommandLine& line, const std::string& command);

/// A whole number between both. Throws InputError naming the option.
std::int64_t ranged(const CommandLine& line, const std::string& option, std::int64_t low, std::int64_t high);

}  // namespace rheobase
