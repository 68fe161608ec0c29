#include "sim/core/file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "sim/core/error.h"
#include "sim/core/file_use.h"
#include "sim/core/output_lock.h"

namespace rheobase {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("rheobase-file-" + std::to_string(::getpid()));
    fs::create_directory(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  auto entries() const { return std::distance(fs::directory_iterator(folder_), {}); }
  std::string put(const char* name, const std::string& text) const {
    std::ofstream(path(name)) << text;
    return path(name);
  }
  static mode_t mode_of(const std::string& path) {
    struct stat found {};
    EXPECT_EQ(::stat(path.c_str(), &found), 0);
    return found.st_mode & 07777;
  }

  fs::path folder_;
};

template <class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

// Runs `body` in a process of its own, which is then killed without having cleaned up.
template <class Body>
void in_killed_process(const Body& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
}

using AtomicFileTest = FileTest;

TEST_F(AtomicFileTest, LeavesNothingWithoutCommit) {
  {
    const AtomicFile file(path("a"));
    std::ofstream(file.temporary_path()) << "half";
    EXPECT_EQ(entries(), 1);
  }
  EXPECT_EQ(entries(), 0);
}

TEST_F(AtomicFileTest, ReplacesTheOldFileAtOnce) {
  write_file(path("a"), "old");
  write_file(path("a"), "new");
  EXPECT_EQ(read_file(path("a")), "new");
  EXPECT_EQ(entries(), 1);
}

TEST_F(AtomicFileTest, NamesTheFolderThatIsNotThere) {
  EXPECT_THAT(error_of([&] { write_file(path("missing/a"), "text"); }),
              HasSubstr("missing/a: cannot create: No such file or directory"));
  put("a", "text");
  EXPECT_THAT(error_of([&] { write_file(path("a/b"), "text"); }),
              HasSubstr("a/b: cannot create: Not a directory"));
  EXPECT_THAT(error_of([&] { write_file(path(std::string(300, 'n')), "text"); }), HasSubstr("too long"));
}

TEST_F(AtomicFileTest, TakesTheLongestNameThatTheSystemTakes) {
  const std::string name(255, 'n');
  write_file(path(name), "text");
  EXPECT_EQ(read_file(path(name)), "text");
}

TEST_F(AtomicFileTest, KeepsThePermissionsOfTheFileItReplaces) {
  for (const mode_t mode : {0600U, 0640U, 0664U, 0755U}) {
    put("a", "old");
    ASSERT_EQ(::chmod(path("a").c_str(), mode), 0);
    write_file(path("a"), "new");
    EXPECT_EQ(mode_of(path("a")), mode);
  }
}

TEST_F(AtomicFileTest, GivesANewFileWhatTheUmaskLeaves) {
  const mode_t before = ::umask(027);
  write_file(path("a"), "new");
  ::umask(before);
  EXPECT_EQ(mode_of(path("a")), 0640U);
}

TEST_F(AtomicFileTest, KeepsTheOwnerWhereTheSystemLetsIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  put("a", "old");
  ASSERT_EQ(::chown(path("a").c_str(), 1234, 2345), 0);
  write_file(path("a"), "new");
  struct stat found {};
  ASSERT_EQ(::stat(path("a").c_str(), &found), 0);
  EXPECT_EQ(found.st_uid, 1234U);
  EXPECT_EQ(found.st_gid, 2345U);
}

TEST_F(AtomicFileTest, RefusesToReplaceWhatIsWriteProtected) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  put("a", "old");
  ASSERT_EQ(::chmod(path("a").c_str(), 0444), 0);
  EXPECT_THAT(error_of([&] { write_file(path("a"), "new"); }),
              HasSubstr("a: cannot write: Permission denied"));
  EXPECT_EQ(read_file(path("a")), "old");
}

TEST_F(AtomicFileTest, WritesThroughLinks) {
  fs::create_directory(path("far"));
  put("far/a", "old");
  fs::create_symlink("far/a", path("near"));
  fs::create_symlink(path("near"), path("link"));
  write_file(path("link"), "new");
  EXPECT_EQ(read_file(path("far/a")), "new");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_TRUE(fs::is_symlink(path("near")));
}

TEST_F(AtomicFileTest, MakesTheFileThatADanglingLinkNames) {
  fs::create_symlink("a", path("link"));
  write_file(path("link"), "new");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(read_file(path("a")), "new");
  fs::create_symlink(path("no/folder"), path("lost"));
  EXPECT_THAT(error_of([&] { write_file(path("lost"), "new"); }),
              AllOf(HasSubstr("lost: "), HasSubstr("no/folder")));
}

TEST_F(AtomicFileTest, RefusesLinksThatGoInACircle) {
  fs::create_symlink("b", path("a"));
  fs::create_symlink("a", path("b"));
  EXPECT_THAT(error_of([&] { write_file(path("a"), "new"); }), HasSubstr("symbolic links"));
  EXPECT_TRUE(fs::is_symlink(path("a")));
}

using ReadFileTest = FileTest;

TEST_F(ReadFileTest, ReadsRegularFilesOfALimitedSizeOnly) {
  for (const char* endless : {"/dev/zero", "/dev/stdin"}) {
    if (fs::is_regular_file(endless)) continue;
    EXPECT_THAT(error_of([&] { read_file(endless); }), HasSubstr("cannot read: is not a regular file"));
    EXPECT_THAT(error_of([&] { sha256_of_file(endless); }), HasSubstr("cannot read: is not a regular file"));
  }
  EXPECT_THAT(error_of([] { read_file("/"); }), HasSubstr("is a folder"));
  write_file(path("a"), "12345");
  EXPECT_EQ(read_file(path("a"), 5), "12345");
  EXPECT_THAT(error_of([&] { read_file(path("a"), 4); }),
              HasSubstr("has 5 bytes, at most 4 are read of such a file"));
  fs::resize_file(path("a"), max_file_bytes + 1);  // sparse
  EXPECT_THAT(error_of([&] { read_file(path("a")); }), HasSubstr("at most 68719476736 are read"));
}

using PartialFilesTest = FileTest;

TEST_F(PartialFilesTest, GoOnceTheirProcessIsKilled) {
  in_killed_process([&] {
    const AtomicFile file(path("a"));
    std::ofstream(file.temporary_path()) << "half";
    ::kill(::getpid(), SIGKILL);
  });
  ASSERT_EQ(entries(), 1);
  remove_partial_files(path("b"));
  EXPECT_EQ(entries(), 1) << "of another file";
  remove_partial_files(path("a"));
  EXPECT_EQ(entries(), 0);
}

TEST_F(PartialFilesTest, StayWhileTheyAreWritten) {
  AtomicFile file(path("a"));
  remove_partial_files(path("a"));
  remove_partial_files_in(folder_.string());
  EXPECT_TRUE(fs::exists(file.temporary_path()));
  file.commit();
  EXPECT_TRUE(fs::exists(path("a")));
}

TEST_F(PartialFilesTest, AreNeverTakenFromTheUserOrAnotherMachine) {
  std::string ours;
  {
    const AtomicFile file(path("notes"));
    ours = fs::path(file.temporary_path()).filename().string();
  }
  std::string elsewhere = ours;
  char& host = elsewhere[elsewhere.find("-partial-") + 9];
  host = host == '0' ? '1' : '0';
  for (const std::string& name : {std::string("notes.partial-abcdef"), ours + ".txt",
                                  ours.substr(0, ours.size() - 1), elsewhere, ours.substr(5)})
    put(name.c_str(), "mine");
  fs::create_directory(path(ours));  // as it were
  remove_partial_files(path("notes"));
  remove_partial_files_in(folder_.string());
  EXPECT_EQ(entries(), 6);
  fs::remove(path(ours));
  put(ours.c_str(), "a leftover");
  remove_partial_files_in(folder_.string());
  EXPECT_FALSE(fs::exists(path(ours)));
  EXPECT_EQ(entries(), 5);
}

using FileUseTest = FileTest;

TEST_F(FileUseTest, RefusesToReadWhatIsAnnouncedAsAnOutput) {
  put("data", "pixels");
  fs::create_symlink("data", path("link"));
  fs::create_hard_link(path("data"), path("twin"));
  for (const char* output : {"data", "link", "twin"}) {
    const FileUse use;
    will_write("--json", path(output));
    EXPECT_THAT(error_of([&] { read_file(path("data")); }),
                AllOf(HasSubstr(path(output) + ": --json: would replace"), HasSubstr("another name")));
    EXPECT_THAT(error_of([&] { sha256_of_file(path("data")); }), HasSubstr("--json"));
  }
}

TEST_F(FileUseTest, RefusesAnOutputThatWasRead) {
  put("data", "pixels");
  const FileUse use;
  read_file(path("data"));
  EXPECT_THROW(will_write("--json", path("data")), FileClash);
  EXPECT_THROW(write_file(path("data"), "results"), FileClash) << "though it was not announced";
  EXPECT_EQ(read_file(path("data")), "pixels");
}

TEST_F(FileUseTest, RefusesTwoOutputsThatAreOneFile) {
  fs::create_symlink("new", path("link"));  // to a file that is not there yet
  const FileUse use;
  will_write("--json", path("new"));
  EXPECT_THAT(error_of([&] { will_write("--record", path("link")); }),
              HasSubstr("link: --record: is the file given as --json"));
  EXPECT_THROW(will_update("--log", path("./new")), FileClash);
  will_write("--log", path("other"));
}

TEST_F(FileUseTest, RefusesToReplaceWhatBelongsToADataSetThatIsReadInPart) {
  fs::create_directory(folder_ / "set");
  const std::string other = put("set/other.part", "not read"), own = put("set/results.json", "of the user's");
  const auto is_part = [](const std::string& file) { return fs::path(file).extension() == ".part"; };
  fs::create_directory_symlink(folder_ / "set", folder_ / "link");
  const auto refused = [&](const auto& run) {
    try {
      run();
      ADD_FAILURE() << "a file of the set may be replaced";
    } catch (const FileClash& error) {
      EXPECT_THAT(error.what(),
                  AllOf(HasSubstr("--out"), HasSubstr("data set in"), HasSubstr("another name")));
    }
  };
  {
    const FileUse use;
    will_read_set(path("link"), is_part);
    for (const char* name : {"set/other.part", "link/other.part", "set/../set/other.part"})
      refused([&] { will_write("--out", path(name)); });
    EXPECT_NO_THROW(will_write("--out", own));                   // no part of it
    EXPECT_NO_THROW(will_write("--new", path("set/new.part")));  // takes nothing away
  }
  const FileUse use;
  will_write("--out", other);
  refused([&] { will_read_set(path("set"), is_part); });
}

TEST_F(FileUseTest, LetsACommandUpdateWhatItRead) {
  put("model", "old");
  const FileUse use;
  will_update("MODEL.h5", path("model"));
  for (const char* text : {"new", "newer"}) {
    read_file(path("model"));
    write_file(path("model"), text);
  }
  EXPECT_EQ(read_file(path("model")), "newer");
}

TEST_F(FileUseTest, AllowsEverythingWithoutOne) {
  put("model", "old");
  will_write("--json", path("model"));
  read_file(path("model"));
  write_file(path("model"), "new");
  EXPECT_EQ(read_file(path("model")), "new");
}

TEST_F(FileUseTest, ForgetsWithItsEnd) {
  put("data", "pixels");
  {
    const FileUse use;
    read_file(path("data"));
  }
  const FileUse use;
  will_write("--json", path("data"));
}

using OutputLockTest = FileTest;

TEST_F(OutputLockTest, RefusesTheSecondWithTheNumberOfTheFirst) {
  fs::create_symlink("a", path("link"));
  const OutputLock first("--out", path("a"));
  const std::string number = "process " + std::to_string(::getpid());
  for (const char* name : {"a", "./a", "link"})
    EXPECT_THAT(error_of([&] { const OutputLock second("--out", path(name)); }),
                AllOf(HasSubstr(std::string(name) + ": --out: is being written by"), HasSubstr(number)));
  const OutputLock other("--out", path("b"));
}

TEST_F(OutputLockTest, LeavesNothingAndCanBeHadAgain) {
  for (int i = 0; i < 2; ++i) {
    const OutputLock file("--out", path("a"));
    const OutputLock folder("--out", folder_.string());
    EXPECT_EQ(entries(), 2);
  }
  EXPECT_EQ(entries(), 0);
}

TEST_F(OutputLockTest, OfAProcessThatWasKilledIsFree) {
  in_killed_process([&] {
    const OutputLock lock("--out", path("a"));
    ::kill(::getpid(), SIGKILL);
  });
  EXPECT_EQ(entries(), 1);
  { const OutputLock lock("--out", path("a")); }
  EXPECT_EQ(entries(), 0);
}

TEST_F(OutputLockTest, HoldsNamesAsLongAsTheSystemTakes) {
  const std::string name = path(std::string(255, 'n'));
  const OutputLock first("--out", name);
  EXPECT_THROW(OutputLock("--out", name), InputError);
}

}  // namespace
}  // namespace rheobase
