#pragma once
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"

namespace berth::lp {

enum class Row { AtMost, Exactly };

// One coefficient of a column.
struct Term {
  int row = 0;
  double coefficient = 0;
};

struct Solution {
  double objective = 0;
  std::vector<double> values;  // by column
  // By row: what the objective gains for one more unit of the row's bound. Not negative for AtMost.
  // Where the optimum is degenerate this is one of several right answers.
  std::vector<double> duals;
};

// A linear program: maximise gain * x where every row holds and 0 <= x <= upper. It grows: after
// columns were added or bounds changed, solve() goes on from where the last one ended, as column
// generation needs (Gilmore and Gomory, 1961). Backed by GLPK's simplex; the same calls in the same
// order give the same answer. One thread at a time, and the thread that made it.
class Program {
 public:
  Program();
  ~Program();
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;

  // The row's index, from 0. Invalid for a bound that is no number.
  Result<int> add_row(Row kind, double bound);
  // The column's index, from 0. Invalid for a row that is not there or is named twice, and for
  // numbers that are none; then nothing was added.
  Result<int> add_column(double gain, std::span<const Term> terms,
                         double upper = std::numeric_limits<double>::infinity());
  Status set_bound(int row, double bound);

  // Cost: typically a few times the rows in pivots, each rows x columns at worst; far less when
  // little changed since the last solve.
  // Errors: Invalid where no x meets every row, or where the objective has no limit; Internal
  // where the arithmetic failed.
  Result<Solution> solve();

  int rows() const;
  int columns() const;

 private:
  struct Model;  // keeps GLPK's types out of this header
  std::unique_ptr<Model> model_;
};

}  // namespace berth::lp
