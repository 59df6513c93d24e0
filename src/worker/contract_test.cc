#include "worker/contract.h"

#include <gtest/gtest.h>

#include <map>

namespace berth::worker {
namespace {

Result<Contract> read(std::map<std::string, std::string> variables) {
  return read_contract([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Contract, WithoutAnyVariableIsAGangOfOne) {
  const auto contract = read({});
  ASSERT_TRUE(contract.ok());
  EXPECT_EQ(contract->rank, 0);
  EXPECT_EQ(contract->world_size, 1);
  EXPECT_FALSE(contract->checkpoint_dir);
  EXPECT_FALSE(contract->port);
}

TEST(Contract, ReadsWhatTheOperatorSets) {
  const auto contract = read({{"RANK", "3"},
                              {"WORLD_SIZE", "4"},
                              {"MASTER_ADDR", "train-2-0.berth.team.svc"},
                              {"MASTER_PORT", "29400"},
                              {"BERTH_JOB", "train"},
                              {"BERTH_ATTEMPT", "2"},
                              {"BERTH_CHECKPOINT_DIR", "/var/run/berth/checkpoint"},
                              {"BERTH_CHECKPOINT_INTERVAL_SECONDS", "600"},
                              {"BERTH_PORT", "8080"}});
  ASSERT_TRUE(contract.ok());
  EXPECT_EQ(contract->rank, 3);
  EXPECT_EQ(contract->world_size, 4);
  EXPECT_EQ(contract->master_address, "train-2-0.berth.team.svc");
  EXPECT_EQ(contract->master_port, 29400);
  EXPECT_EQ(contract->job, "train");
  EXPECT_EQ(contract->attempt, 2);
  EXPECT_EQ(contract->checkpoint_dir, "/var/run/berth/checkpoint");
  EXPECT_EQ(contract->checkpoint_interval, std::chrono::minutes(10));
  EXPECT_EQ(contract->port, 8080);
}

TEST(Contract, RefusesWhatCannotWorkAndNamesTheVariable) {
  const std::map<std::string, std::string> gang = {{"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}};
  struct Case {
    std::string name, value;
  };
  for (const auto& [name, value] : std::initializer_list<Case>{{"RANK", "2"},
                                                               {"RANK", "-1"},
                                                               {"RANK", "one"},
                                                               {"RANK", "1 "},
                                                               {"WORLD_SIZE", "0"},
                                                               {"MASTER_PORT", "70000"},
                                                               {"MASTER_ADDR", ""},
                                                               {"BERTH_ATTEMPT", "-1"},
                                                               {"BERTH_PORT", "http"}}) {
    auto variables = gang;
    variables[name] = value;
    const auto contract = read(variables);
    ASSERT_FALSE(contract.ok()) << name << "=" << value;
    EXPECT_EQ(exit_for(contract.error()), Exit::Refused);
    EXPECT_TRUE(contract.error().message.starts_with(name)) << contract.error().message;
  }
}

TEST(Contract, WhatMayPassIsWorthAnotherAttempt) {
  EXPECT_EQ(exit_for({Code::Unavailable, ""}), Exit::Failed);
  EXPECT_EQ(exit_for({Code::Conflict, ""}), Exit::Failed);
  EXPECT_EQ(exit_for({Code::Timeout, ""}), Exit::Failed);
}

}  // namespace
}  // namespace berth::worker
