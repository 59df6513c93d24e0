#include "runtime/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace berth::runtime {
namespace {

using testing::ElementsAre;

struct Kept {
  ObjectMeta meta;
  std::string node;
};

Kept pod(const std::string& name, const std::string& version, const std::string& node = "",
         const std::string& uid = "") {
  Kept made;
  made.meta.name = name;
  made.meta.name_space = "ns";
  made.meta.uid = uid.empty() ? "uid-" + name : uid;
  made.meta.resource_version = version;
  made.node = node;
  return made;
}

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    by_node_ = store_.add_index([](const Kept& of) { return std::vector<std::string>{of.node}; });
    store_.subscribe([this](const Kept* before, const Kept* after) {
      const auto word = [](const Kept* of) {
        return of == nullptr ? std::string("none")
                             : of->meta.name + "@" + of->meta.resource_version;
      };
      told_.push_back(word(before) + " -> " + word(after));
    });
  }
  std::vector<std::string> names_on(const std::string& node) {
    std::vector<std::string> names;
    for (const Kept* found : store_.by(by_node_, node)) names.push_back(found->meta.name);
    return names;
  }

  Store<Kept> store_;
  IndexId by_node_{};
  std::vector<std::string> told_;
};

TEST_F(StoreTest, FindsByKeyAndByUid) {
  store_.upsert(pod("a", "1"));
  ASSERT_NE(store_.find({"ns", "a"}), nullptr);
  EXPECT_EQ(store_.find_uid("uid-a"), store_.find({"ns", "a"}));
  EXPECT_EQ(store_.find({"other", "a"}), nullptr);
}

TEST_F(StoreTest, TheNewestVersionWinsWhateverTheOrder) {
  store_.upsert(pod("a", "9", "n1"));
  EXPECT_TRUE(store_.upsert(pod("a", "10", "n2")));
  EXPECT_FALSE(store_.upsert(pod("a", "9", "n1")));
  EXPECT_FALSE(store_.upsert(pod("a", "10", "n1")));
  EXPECT_EQ(store_.find({"ns", "a"})->node, "n2");
}

TEST_F(StoreTest, KeepsTheAddressOfAnObjectThatChanges) {
  store_.upsert(pod("a", "1"));
  const Kept* before = store_.find({"ns", "a"});
  store_.upsert(pod("a", "2"));
  EXPECT_EQ(store_.find({"ns", "a"}), before);
  EXPECT_EQ(store_.find_uid("uid-a"), before);
}

TEST_F(StoreTest, ALateReplyCannotBringBackWhatIsGone) {
  store_.upsert(pod("a", "1"));
  EXPECT_TRUE(store_.erase(pod("a", "5").meta));
  EXPECT_FALSE(store_.upsert(pod("a", "6")));
  EXPECT_EQ(store_.size(), 0u);
}

TEST_F(StoreTest, TheDeletionOfAnOldNamesakeLeavesTheNewOne) {
  store_.upsert(pod("a", "7", "", "new"));
  EXPECT_FALSE(store_.erase(pod("a", "6", "", "old").meta));
  EXPECT_NE(store_.find({"ns", "a"}), nullptr);
}

TEST_F(StoreTest, TellsANewUidUnderAnOldNameAsGoneThenNew) {
  store_.upsert(pod("a", "1", "", "old"));
  store_.upsert(pod("a", "2", "", "new"));
  EXPECT_THAT(told_, ElementsAre("none -> a@1", "a@1 -> none", "none -> a@2"));
  EXPECT_EQ(store_.find_uid("old"), nullptr);
}

TEST_F(StoreTest, TellsBeforeAndAfter) {
  store_.upsert(pod("a", "1"));
  store_.upsert(pod("a", "2"));
  store_.erase(pod("a", "3").meta);
  EXPECT_THAT(told_, ElementsAre("none -> a@1", "a@1 -> a@2", "a@2 -> none"));
}

TEST_F(StoreTest, AListRemovesWhatItLacksUnlessThatIsNewer) {
  store_.upsert(pod("old", "3"));
  store_.upsert(pod("ours", "12"));
  store_.upsert(pod("kept", "4"));
  store_.replace({pod("kept", "8"), pod("found", "9")}, "10");
  std::vector<std::string> names;
  for (const Kept& found : store_.all()) names.push_back(found.meta.name);
  EXPECT_THAT(names, ElementsAre("found", "kept", "ours"));
  EXPECT_EQ(store_.find({"ns", "kept"})->meta.resource_version, "8");
}

TEST_F(StoreTest, AListDoesNotTellWhatHasNotChanged) {
  store_.upsert(pod("a", "3"));
  told_.clear();
  store_.replace({pod("a", "3")}, "10");
  EXPECT_THAT(told_, ElementsAre());
}

TEST_F(StoreTest, WhoIsNewInAListStaysWhereItIs) {
  Store<Kept>::Objects all{pod("a", "3"), pod("b", "4")};
  const Kept* listed = &*all.begin();
  store_.replace(std::move(all), "10");
  EXPECT_EQ(store_.find({"ns", "a"}), listed);
  Store<Kept>::Objects again{pod("a", "3"), pod("b", "4"), pod("c", "2")};
  listed = &*again.rbegin();
  store_.reset(std::move(again));
  EXPECT_EQ(store_.find({"ns", "c"}), listed);
  EXPECT_EQ(store_.size(), 3u);
}

TEST_F(StoreTest, AResetTakesTheListForTheTruthEvenIfItIsOlder) {
  store_.upsert(pod("a", "9", "n2"));
  store_.upsert(pod("lost", "8"));
  store_.erase(pod("dead", "7").meta);
  store_.reset({pod("a", "5", "n1"), pod("dead", "4")});
  EXPECT_EQ(store_.find({"ns", "a"})->node, "n1");
  EXPECT_EQ(store_.find({"ns", "lost"}), nullptr);
  EXPECT_NE(store_.find({"ns", "dead"}), nullptr);
}

TEST_F(StoreTest, AListThatIsNewerThanWhatItLostIsTheTruth) {
  store_.upsert(pod("a", "9", "n2"));
  store_.upsert(pod("ours", "1011", "n2"));
  store_.erase(pod("dead", "7").meta);
  store_.replace({pod("a", "5", "n1"), pod("ours", "5", "n1"), pod("dead", "4")}, "1010");
  EXPECT_EQ(store_.find({"ns", "a"})->node, "n1");
  EXPECT_EQ(store_.find({"ns", "ours"})->node, "n2") << "written after the list";
  EXPECT_NE(store_.find({"ns", "dead"}), nullptr);
}

TEST_F(StoreTest, ALateReplyFromBeforeAListIsNoNews) {
  store_.replace({pod("a", "5", "n1")}, "1010");
  EXPECT_FALSE(store_.upsert(pod("a", "9", "n2"))) << "lost with the history of the server";
  EXPECT_FALSE(store_.upsert(pod("b", "9", "n2")));
  EXPECT_EQ(store_.find({"ns", "a"})->node, "n1");
  EXPECT_TRUE(store_.upsert(pod("a", "1011", "n3")));
}

TEST_F(StoreTest, AListOfBeforeADeletionBringsNothingBack) {
  store_.erase(pod("dead", "12").meta);
  store_.replace({pod("dead", "4")}, "10");
  EXPECT_EQ(store_.find({"ns", "dead"}), nullptr);
}

TEST_F(StoreTest, AnIndexFollowsItsObjectsInKeyOrder) {
  store_.upsert(pod("b", "1", "n1"));
  store_.upsert(pod("a", "2", "n1"));
  EXPECT_THAT(names_on("n1"), ElementsAre("a", "b"));
  store_.upsert(pod("b", "3", "n2"));
  EXPECT_THAT(names_on("n1"), ElementsAre("a"));
  EXPECT_THAT(names_on("n2"), ElementsAre("b"));
  store_.erase(pod("a", "4").meta);
  EXPECT_THAT(names_on("n1"), ElementsAre());
}

TEST(Tombstones, ForgetTheOldestBeyondTheirLimit) {
  Tombstones graves(2);
  graves.bury("a", "1");
  graves.bury("b", "2");
  graves.bury("b", "3");
  graves.bury("c", "4");
  EXPECT_FALSE(graves.contains("a"));
  EXPECT_TRUE(graves.contains("b"));
  EXPECT_TRUE(graves.contains("c"));
  EXPECT_EQ(graves.size(), 2u);
}

TEST(Version, IsComparedAsANumber) {
  EXPECT_TRUE(kube::is_newer("10", "9"));
  EXPECT_TRUE(kube::is_newer("1", ""));
  EXPECT_FALSE(kube::is_newer("10", "10"));
  EXPECT_TRUE(kube::is_newer("123456789012345678901234", "99999999999999999999"));
}

}  // namespace
}  // namespace berth::runtime
