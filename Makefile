# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What a newcomer and a contributor run. The first use of a target makes .venv; all that is written stays in the checkout.

PYTHONS ?= python3.13 python3.12 python3.11 python3 python
JOBS    ?= 3

VENV  := $(CURDIR)/.venv
BUILD := $(CURDIR)/build
READY := .venv/ready
DEMO  := .venv/ready-for-demo
PIP   := .venv/bin/python -m pip install --disable-pip-version-check --no-compile
LINK  := .venv/collections/ansible_collections/flotilla/eks

# For everything below: tools from .venv, settings and caches from the checkout instead of the user's home.
activate := export PATH="$(VENV)/bin:$$PATH";
export ANSIBLE_COLLECTIONS_PATH := $(VENV)/collections
export ANSIBLE_HOME             := $(BUILD)/ansible
export XDG_CACHE_HOME           := $(BUILD)/cache
unexport ANSIBLE_CONFIG PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo recording test test-ansibles test-hosts molecule lint format sanity bench api-coverage build docs iam-policy changelog clean distclean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r target text; do printf '  make %-13s %s\n' "$$target" "$$text"; done

demo: $(DEMO) ## Watch a cluster come, change and go on a simulated AWS
	@$(activate) python extensions/demo/demo.py

recording: $(READY) ## Record the demo, and draw its moving picture anew, which the README shows
	@$(activate) python extensions/demo/recording.py build/demo.cast docs/pictures/demo.svg

test: $(READY) ## Run all tests (JOBS=3 of them at a time); those on real machines where these can be made
	@$(activate) if (cd tests && python -m support.machines --possible); then \
	    (cd tests && python -m support.machines) && python -m pytest -n $(JOBS) tests/hosts tests/integration tests/unit; \
	  else python -m pytest -n $(JOBS) && echo 'LEFT OUT: the tests on real machines (make test-hosts)'; fi

test-ansibles: $(READY) ## Run some of the tests under the newest release of Ansible and the oldest allowed, each in a venv of its own
	@$(activate) cd tests && python -m legs 2

molecule: $(READY) ## Run the scenarios of the roles on the simulated AWS
	@$(activate) PYTHONPATH=extensions/simulator python -m eks_simulator --speed 600 --quiet -- molecule test --all --exclude ec2_nodes --exclude hybrid_nodes

test-hosts: $(READY) ## Run the tests and the scenarios on real machines, as root on Debian or Ubuntu; installs what they need by apt-get
	@$(activate) cd tests && python -m support.machines
	@$(activate) python -m pytest -n $(JOBS) tests/hosts
	@rm -rf $(BUILD)/ansible/tmp/molecule.*.*_nodes # of a run that was killed
	@$(activate) PYTHONPATH=extensions/simulator python -m eks_simulator --speed 600 --quiet -- molecule test -s ec2_nodes -s hybrid_nodes

lint: $(READY) ## ruff, mypy, yamllint, shellcheck, ansible-lint (production profile)
	@$(activate) ruff check .
	@$(activate) ruff format --check .
	@$(activate) mypy
	@$(activate) yamllint --strict .
	@$(activate) shellcheck .ci/run
	@$(activate) ansible-lint

format: $(READY) ## Rewrite the Python files as ruff would have them
	@$(activate) ruff check --fix .
	@$(activate) ruff format .

sanity: $(READY) ## Run every ansible-test sanity test, none ignored
	@$(activate) cd tests && python -m sanity.run

bench: $(READY) ## Measure our modules next to those of community.aws; writes build/bench.json
	@$(activate) python tests/benchmark/bench.py

api-coverage: $(READY) ## Print which module reaches which operation of the EKS API
	@$(activate) python tests/api_coverage.py

build: $(READY) ## Build the collection's tarball into build/dist, have galaxy-importer judge it, and put what it installs to work
	@$(activate) cd tests && python -m sanity.build

docs: $(READY) ## Build the documentation as HTML into build/docs/html, and follow all links within it
	@$(activate) cd tests && python -m sanity.docs

iam-policy: $(READY) ## Print what playbooks need on AWS: PLAYBOOK='site nodes_hybrid', and ROLES=ARN (with *) for what they may pass on
	@$(activate) cd tests && python -m support.permissions '$(PLAYBOOK)' '$(ROLES)'

changelog: $(READY) ## Write changelogs/fragments into CHANGELOG.rst as the release that galaxy.yml names
	@$(activate) antsibull-changelog release --update-existing --reload-plugins

clean: ## Remove what the targets wrote, except .venv
	rm -rf build .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name .venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

distclean: clean ## Remove .venv too
	rm -rf .venv

$(DEMO): requirements-demo.txt
	@python=; for candidate in $(PYTHONS); do \
	  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo 'Found no Python >= 3.11 with its venv module (on Debian: apt install python3-venv). Name one: make PYTHONS=/path/to/python3 ...' >&2; exit 1; \
	fi; \
	echo "Making .venv with $$("$$python" --version), once: a minute or two."; \
	"$$python" -m venv --clear .venv
	$(PIP) -r $<
	@mkdir -p $(dir $(LINK)) && ln -sfn ../../../.. $(LINK)
	@touch $@

$(READY): requirements-dev.txt $(DEMO)
	$(PIP) -r $<
	@touch $@
