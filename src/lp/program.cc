#include "lp/program.h"

#include <glpk.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace berth::lp {
namespace {

constexpr int kPivotsMax = 1'000'000;  // a bound on cycling that is the same on every machine

Error invalid(const std::string& what) { return {Code::Invalid, "linear program: " + what}; }

int glpk_kind(Row kind) { return kind == Row::AtMost ? GLP_UP : GLP_FX; }

}  // namespace

struct Program::Model {
  Model() {
    glp_term_out(GLP_OFF);
    glp_set_obj_dir(problem.get(), GLP_MAX);
  }

  struct Delete {
    void operator()(glp_prob* p) const { glp_delete_prob(p); }
  };
  std::unique_ptr<glp_prob, Delete> problem{glp_create_prob()};
  std::vector<Row> kinds;
  bool has_basis = false;  // a solve ended; its basis still fits, new columns being outside of it
};

Program::Program() : model_(std::make_unique<Model>()) {}
Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

int Program::rows() const { return glp_get_num_rows(model_->problem.get()); }
int Program::columns() const { return glp_get_num_cols(model_->problem.get()); }

Result<int> Program::add_row(Row kind, double bound) {
  if (!std::isfinite(bound)) return invalid("a row's bound is not a finite number");
  const int row = glp_add_rows(model_->problem.get(), 1);
  glp_set_row_bnds(model_->problem.get(), row, glpk_kind(kind), bound, bound);
  model_->kinds.push_back(kind);
  return row - 1;
}

Status Program::set_bound(int row, double bound) {
  if (row < 0 || row >= rows()) return invalid("there is no row " + std::to_string(row));
  if (!std::isfinite(bound)) return invalid("a row's bound is not a finite number");
  const Row kind = model_->kinds[static_cast<size_t>(row)];
  glp_set_row_bnds(model_->problem.get(), row + 1, glpk_kind(kind), bound, bound);
  return Done{};
}

Result<int> Program::add_column(double gain, std::span<const Term> terms, double upper) {
  if (!std::isfinite(gain)) return invalid("a column's gain is not a finite number");
  if (!(upper >= 0)) return invalid("a column's upper end is below 0");
  std::vector<int> places{0};  // GLPK counts from 1
  std::vector<double> coefficients{0};
  for (const Term& term : terms) {
    if (term.row < 0 || term.row >= rows()) {
      return invalid("there is no row " + std::to_string(term.row));
    }
    if (!std::isfinite(term.coefficient)) return invalid("a coefficient is not a finite number");
    places.push_back(term.row + 1);
    coefficients.push_back(term.coefficient);
  }
  std::vector<int> sorted = places;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    return invalid("a column names a row twice");
  }
  glp_prob* problem = model_->problem.get();
  const int column = glp_add_cols(problem, 1);
  glp_set_obj_coef(problem, column, gain);
  const int kind = std::isinf(upper) ? GLP_LO : upper > 0 ? GLP_DB : GLP_FX;
  glp_set_col_bnds(problem, column, kind, 0, std::isinf(upper) ? 0 : upper);
  glp_set_mat_col(problem, column, static_cast<int>(terms.size()), places.data(),
                  coefficients.data());
  return column - 1;
}

Result<Solution> Program::solve() {
  glp_prob* problem = model_->problem.get();
  glp_smcp settings;
  glp_init_smcp(&settings);
  settings.msg_lev = GLP_MSG_OFF;
  settings.it_lim = kPivotsMax;
  if (!model_->has_basis) glp_std_basis(problem);
  int failure = glp_simplex(problem, &settings);
  if (failure == GLP_EBADB || failure == GLP_ESING || failure == GLP_ECOND) {
    glp_std_basis(problem);  // the old basis has become singular: begin again
    failure = glp_simplex(problem, &settings);
  }
  model_->has_basis = failure == 0;
  if (failure != 0) {
    return Error{Code::Internal, "linear program: GLPK gave up, code " + std::to_string(failure)};
  }
  switch (glp_get_status(problem)) {
    case GLP_OPT: break;
    case GLP_NOFEAS:
    case GLP_INFEAS: return invalid("no values meet every row");
    case GLP_UNBND: return invalid("the objective has no limit");
    default: return Error{Code::Internal, "linear program: GLPK found no optimum"};
  }
  Solution solution{.objective = glp_get_obj_val(problem)};
  for (int column = 1; column <= columns(); ++column) {
    solution.values.push_back(glp_get_col_prim(problem, column));
  }
  for (int row = 1; row <= rows(); ++row) {
    solution.duals.push_back(glp_get_row_dual(problem, row));
  }
  return solution;
}

}  // namespace berth::lp
