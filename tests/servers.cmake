# Real servers for tests: ctest starts one before the first test that needs it, and stops it behind the last. Their folder and
# ports are this build's own, so that two builds can be tested at once.
#
#	needs_postgres(NAME…)   tests that find a database they may empty in STELLWERK_TEST_DATABASE, and in STELLWERK_TEST_POSTGRES the folder
#	                        of its server, which they may restart; one of them runs at a time
#	needs_database(NAME…)   tests that are content with the database: of another server, so that two of both kinds run beside one another
#	needs_rabbitmq(NAME…)   the same of a broker: STELLWERK_TEST_BROKER, STELLWERK_TEST_BROKER_FOLDER
# They begin first (COST), for each kind is a queue, and the others fit in beside them.
string(MD5 THIS_BUILD "${CMAKE_BINARY_DIR}")
string(SUBSTRING "${THIS_BUILD}" 0 8 THIS_BUILD)
set(SERVERS_FOLDER "/tmp/stellwerk-test-${THIS_BUILD}") # not in the build: an unprivileged user must get there
math(EXPR POSTGRES_PORT "20000 + 0x${THIS_BUILD} % 1000 * 10")
set(POSTGRES "${CMAKE_SOURCE_DIR}/tools/servers/postgres")
math(EXPR DATABASE_PORT "${POSTGRES_PORT} + 7") # behind the broker's four, and the one that tests/faults makes for itself

function(postgres_server name port)
	set(folder ${SERVERS_FOLDER}/${name})
	add_test(NAME servers.${name} COMMAND ${POSTGRES} start ${folder} ${port})
	add_test(NAME servers.${name}_stop COMMAND sh -c "${POSTGRES} stop ${folder} && rm -rf ${folder}; rmdir --ignore-fail-on-non-empty ${SERVERS_FOLDER}")
	set_tests_properties(servers.${name} PROPERTIES FIXTURES_SETUP ${name})
	set_tests_properties(servers.${name}_stop PROPERTIES FIXTURES_CLEANUP ${name})
endfunction()
postgres_server(postgres ${POSTGRES_PORT})
postgres_server(database ${DATABASE_PORT})

function(needs_postgres)
	set_tests_properties(${ARGN} PROPERTIES FIXTURES_REQUIRED postgres RESOURCE_LOCK postgres COST 200
		ENVIRONMENT "STELLWERK_TEST_DATABASE=postgresql://stellwerk@127.0.0.1:${POSTGRES_PORT}/stellwerk;STELLWERK_TEST_POSTGRES=${SERVERS_FOLDER}/postgres")
endfunction()

function(needs_database)
	set_tests_properties(${ARGN} PROPERTIES FIXTURES_REQUIRED database RESOURCE_LOCK database COST 100
		ENVIRONMENT "STELLWERK_TEST_DATABASE=postgresql://stellwerk@127.0.0.1:${DATABASE_PORT}/stellwerk")
endfunction()

math(EXPR RABBITMQ_PORT "${POSTGRES_PORT} + 1") # and the three behind it
math(EXPR RABBITMQ_TLS_PORT "${RABBITMQ_PORT} + 1")
set(RABBITMQ "${CMAKE_SOURCE_DIR}/tools/servers/rabbitmq")
set(RABBITMQ_FOLDER "${SERVERS_FOLDER}/rabbitmq")

add_test(NAME servers.rabbitmq COMMAND ${RABBITMQ} start ${RABBITMQ_FOLDER} ${RABBITMQ_PORT} --tls)
add_test(NAME servers.rabbitmq_stop COMMAND sh -c "${RABBITMQ} stop ${RABBITMQ_FOLDER} && rm -rf ${RABBITMQ_FOLDER}; rmdir --ignore-fail-on-non-empty ${SERVERS_FOLDER}")
set_tests_properties(servers.rabbitmq PROPERTIES FIXTURES_SETUP rabbitmq)
set_tests_properties(servers.rabbitmq_stop PROPERTIES FIXTURES_CLEANUP rabbitmq)

function(needs_rabbitmq)
	set_property(TEST ${ARGN} APPEND PROPERTY FIXTURES_REQUIRED rabbitmq)
	set_property(TEST ${ARGN} APPEND PROPERTY RESOURCE_LOCK rabbitmq)
	set_property(TEST ${ARGN} APPEND PROPERTY ENVIRONMENT "STELLWERK_TEST_BROKER=amqp://guest:guest@localhost:${RABBITMQ_PORT}"
		"STELLWERK_TEST_BROKER_TLS=amqps://guest:guest@localhost:${RABBITMQ_TLS_PORT}" "STELLWERK_TEST_BROKER_FOLDER=${RABBITMQ_FOLDER}")
endfunction()
