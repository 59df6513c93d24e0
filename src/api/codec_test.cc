#include "api/codec.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "api/registry.h"
#include "json/describe.h"

namespace berth::api {
namespace {

// Fills every field of a struct with something, by its description. Same seed, same values.
class Filler {
 public:
  explicit Filler(uint64_t seed) : engine_(seed) {}

  template <class T>
  void fill(T& value);

 private:
  template <class S>
  struct Visitor : NullVisitor {
    Filler& filler;
    S& value;
    Visitor(Filler& f, S& v) : filler(f), value(v) {}
    template <class T>
    void field(const char*, T S::*member, const Rules&, const char*) {
      filler.fill(value.*member);
    }
  };

  int64_t below(int64_t bound) {
    return static_cast<int64_t>(engine_() % static_cast<uint64_t>(bound));
  }
  std::string text() {
    static constexpr std::string_view kLetters = "abz-/.: \"\\\n\xc3\xbc";
    std::string made;
    for (int64_t i = below(9); i > 0; --i) {
      const auto at = static_cast<size_t>(below(static_cast<int64_t>(kLetters.size()) - 1));
      made += at + 2 == kLetters.size() ? kLetters.substr(at, 2) : kLetters.substr(at, 1);
    }
    return made;
  }

  std::mt19937_64 engine_;
};

template <class T>
void Filler::fill(T& value) {
  if constexpr (kIsOptional<T>) {
    value.reset();
    if (below(2) == 0) fill(value.emplace());
  } else if constexpr (kIsVector<T>) {
    value.assign(static_cast<size_t>(below(4)), {});
    for (auto& item : value) fill(item);
  } else if constexpr (kIsMap<T>) {
    for (int64_t i = below(3); i > 0; --i) fill(value[text()]);
  } else if constexpr (Described<T>) {
    Visitor<T> visitor(*this, value);
    T::describe(visitor);
  } else if constexpr (NamedEnum<T>) {
    value = static_cast<T>(below(static_cast<int64_t>(enum_names(T{}).size())));
  } else if constexpr (std::is_same_v<T, Instant>) {
    value = Instant{Millis{below(4'000'000'000'000)}};
  } else if constexpr (std::is_same_v<T, bool>) {
    value = below(2) == 0;
  } else if constexpr (std::is_same_v<T, int64_t>) {
    value = static_cast<int64_t>(engine_());
  } else {
    value = text();
  }
}

template <class K>
class EveryKind : public testing::Test {};
using Kinds = testing::Types<Quota, Reservation, GpuJob, InferenceEndpoint, SlaTier,
                             PlacementPolicy, CapacityPool>;
TYPED_TEST_SUITE(EveryKind, Kinds);

TYPED_TEST(EveryKind, ReadsBackWhateverItWrites) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    TypeParam object{};
    Filler(seed).fill(object);
    const std::string wire = to_json(object).dump();
    const auto back = from_json<TypeParam>(Json::parse(wire));
    ASSERT_TRUE(back.ok()) << "seed " << seed << ": " << back.error().message;
    EXPECT_EQ(*back, object) << "seed " << seed << ": " << wire;
  }
}

TYPED_TEST(EveryKind, SaysItsKind) {
  const Json json = to_json(TypeParam{});
  EXPECT_EQ(json["apiVersion"], "berth.dev/v1alpha1");
  EXPECT_EQ(json["kind"], TypeParam::kKind.kind);
}

TYPED_TEST(EveryKind, SurvivesAnythingThatIsNotItsShape) {
  for (const char* text : {"null", "7", "[]", "\"x\"", R"({"spec":7})",
                           R"({"spec":{},"status":[]})", R"({"metadata":"x","spec":{}})"}) {
    EXPECT_FALSE(from_json<TypeParam>(Json::parse(text)).ok()) << text;
    EXPECT_FALSE(validate<TypeParam>(Json::parse(text)).empty()) << text;
  }
}

TEST(AllKinds, AreTheSevenOfTheDesign) {
  std::set<std::string_view> names;
  for (const KindEntry& kind : all_kinds()) names.insert(kind.facts.short_name);
  EXPECT_EQ(names, (std::set<std::string_view>{"gq", "gr", "gj", "ie", "tier", "gpp", "gcp"}));
  EXPECT_EQ(find_kind("Pod"), nullptr);
  ASSERT_NE(find_kind("GpuJob"), nullptr);
  EXPECT_EQ(find_kind("GpuJob")->facts.plural, "gpujobs");
}

TEST(AllKinds, NormalizeAsTheServerStores) {
  Json job = Json::parse(R"({"metadata":{"name":"j"},"spec":{"workers":{"min":1,"max":1},"x":1,)"
                         R"("worker":{"image":"i","devices":[{"class":"nvidia-l4"}]}}})");
  find_kind("GpuJob")->normalize(job);
  EXPECT_FALSE(job["spec"].contains("x"));
  EXPECT_EQ(job["spec"]["worker"]["devices"][0]["count"], 1);
  EXPECT_EQ(job["spec"]["retry"]["maxPreemptions"], 20);
  EXPECT_EQ(job["spec"]["startTimeoutSeconds"], 900);
}

TEST(Validate, AcceptsWhatTheOperatorWrites) {
  GpuJob job;
  job.meta = {.name = "train", .name_space = "blue"};
  job.spec.worker.image = "registry.example.com/train:1";
  job.spec.worker.devices = {{.device_class = "nvidia-h200", .count = 1}};
  const Json old = to_json(job);
  EXPECT_EQ(validate<GpuJob>(old), Violations{});
  job.status.attempt = 1;
  job.status.workers.emplace();
  job.status.placement = Placement{
      .attempt = 1, .workers = {{.node = "node-1", .device_class = "nvidia-h200", .count = 1}}};
  set_condition(job.status.conditions,
                {.type = "Admitted", .status = ConditionStatus::True, .reason = "Admitted"},
                Instant{Millis{1}});
  const Json now = to_json(job);
  EXPECT_EQ(validate<GpuJob>(now, &old), Violations{});
}

}  // namespace
}  // namespace berth::api
