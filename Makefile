# Every target is a line or two; what they do stands in t/tools/.

BUILD  ?= build
MODULE  = $(BUILD)/ngx_http_opscom_module.so
PORT   ?= 8080
export BUILD PORT NGINX_SRC NGINX_CONFIGURE CC SANITIZE DESTDIR CLIENT LABEL SCOPES REDIS PREFIX
export SECONDS SEED FUZZ_SECONDS BODIES BENCH ROUNDS BENCH_SECONDS CONNECTIONS JOBS
export RATE PLOTS BULK_MB

.PHONY: all deps run-deps test-deps run token test unit fuzz soak bench lint \
        print-test-env install uninstall deb clean

all:
	@sh t/tools/build.sh

deps:
	@sh t/tools/deps.sh

run-deps:
	@sh t/tools/deps.sh run

test-deps:
	@sh t/tools/deps.sh test

run: run-deps all
	@exec sh t/tools/run.sh

token:
	@sh t/tools/token.sh

test: test-deps all
	@sh t/tools/test.sh

unit: test-deps all
	@sh t/tools/unit.sh

fuzz: test-deps all
	@sh t/tools/fuzz.sh

soak: test-deps all
	@sh t/tools/soak.sh

bench: run-deps all
	@sh t/tools/bench.sh

lint: test-deps all
	@sh t/tools/lint.sh

print-test-env:
	@sh t/tools/print-test-env.sh

install: all
	@sh t/tools/install.sh

uninstall:
	@sh t/tools/install.sh --remove

deb:
	@sh t/tools/deb.sh

clean:
	rm -rf build
