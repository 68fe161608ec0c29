#pragma once

#include <string>
#include <vector>

namespace rheobase {

// The commands of the program, one file each. `words` are what follows the command's name. They throw
// InputError on bad usage or input.

void convert_command(const std::vector<std::string>& words);
void info_command(const std::vector<std::string>& words);
void calibrate_command(const std::vector<std::string>& words);
void train_command(const std::vector<std::string>& words);
void export_command(const std::vector<std::string>& words);
void sweep_command(const std::vector<std::string>& words);
void report_command(const std::vector<std::string>& words);
void run_command(const std::vector<std::string>& words);
void devices_command(const std::vector<std::string>& words);
void data_info_command(const std::vector<std::string>& words);

}  // namespace rheobase
