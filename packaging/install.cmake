# SPDX-License-Identifier: Apache-2.0
# What is installed where, and the Debian packages (cpack -G DEB): agent, collector, their rules.
include(GNUInstallDirs)
install(TARGETS vigia-agent RUNTIME DESTINATION bin COMPONENT agent)
install(FILES packaging/systemd/vigia-agent.service DESTINATION lib/systemd/system COMPONENT agent)
install(FILES packaging/systemd/quarantine.conf DESTINATION share/vigia/systemd COMPONENT agent)
install(FILES packaging/config/agent.yaml DESTINATION /etc/vigia COMPONENT agent)
install(FILES packaging/man/vigia-agent.1 DESTINATION share/man/man1 COMPONENT agent)
install(FILES packaging/man/vigia-agent.yaml.5 DESTINATION share/man/man5 COMPONENT agent)
install(FILES packaging/man/vigia-agent-format.5 DESTINATION share/man/man5 COMPONENT agent)
install(FILES packaging/completion/vigia-agent
  DESTINATION share/bash-completion/completions COMPONENT agent)
if(TARGET vigia-collector)
  install(TARGETS vigia-collector RUNTIME DESTINATION bin COMPONENT collector)
  install(FILES packaging/systemd/vigia-collector.service
    DESTINATION lib/systemd/system COMPONENT collector)
  install(FILES packaging/config/collector.yaml DESTINATION /etc/vigia COMPONENT collector)
  install(FILES packaging/man/vigia-collector.1 DESTINATION share/man/man1 COMPONENT collector)
  install(FILES packaging/completion/vigia-collector
    DESTINATION share/bash-completion/completions COMPONENT collector)
  # For `bundle build`: what every agent shall try before it uses a bundle.
  install(DIRECTORY rules/tests/ DESTINATION share/vigia/samples COMPONENT collector)
endif()
# Samples come with each bundle: on a PC they would only be found.
install(DIRECTORY rules/ DESTINATION share/vigia/rules COMPONENT rules PATTERN tests EXCLUDE)
install(DIRECTORY ${CMAKE_BINARY_DIR}/geo/ DESTINATION share/vigia/geo COMPONENT rules OPTIONAL
  PATTERN *.new EXCLUDE)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME vigia)
set(CPACK_PACKAGE_VENDOR "Vigia")
set(CPACK_PACKAGE_CONTACT "Vigia maintainers <maintainers@vigia.example>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL agent rules)
if(TARGET vigia-collector)
  list(APPEND CPACK_COMPONENTS_ALL collector)
endif()
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_AGENT_PACKAGE_NAME vigia-agent)
set(CPACK_DEBIAN_AGENT_PACKAGE_DEPENDS "vigia-rules (= ${PROJECT_VERSION}), passwd, tzdata, ca-certificates")
set(CPACK_COMPONENT_AGENT_DESCRIPTION "security monitoring for a small shop's PC
 Watches the network and the payment logs of this PC, learns what is normal,
 and tells the owner and the IT provider about what is not.")
set(CPACK_DEBIAN_AGENT_PACKAGE_CONTROL_EXTRA
  "${CMAKE_SOURCE_DIR}/packaging/deb/agent/postinst;${CMAKE_SOURCE_DIR}/packaging/deb/agent/prerm;${CMAKE_SOURCE_DIR}/packaging/deb/agent/postrm;${CMAKE_SOURCE_DIR}/packaging/deb/agent/conffiles")
set(CPACK_DEBIAN_COLLECTOR_PACKAGE_NAME vigia-collector)
set(CPACK_DEBIAN_COLLECTOR_PACKAGE_DEPENDS "vigia-rules (= ${PROJECT_VERSION}), passwd, tzdata, ca-certificates")
set(CPACK_COMPONENT_COLLECTOR_DESCRIPTION "collector and dashboard for Vigía agents
 Receives the findings of many shops' agents, groups them, mails the owners and
 shows the IT provider who needs him today.")
set(CPACK_DEBIAN_COLLECTOR_PACKAGE_CONTROL_EXTRA
  "${CMAKE_SOURCE_DIR}/packaging/deb/collector/postinst;${CMAKE_SOURCE_DIR}/packaging/deb/collector/prerm;${CMAKE_SOURCE_DIR}/packaging/deb/collector/postrm;${CMAKE_SOURCE_DIR}/packaging/deb/collector/conffiles")
set(CPACK_DEBIAN_RULES_PACKAGE_NAME vigia-rules)
set(CPACK_DEBIAN_RULES_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_RULES_PACKAGE_SHLIBDEPS OFF)
set(CPACK_COMPONENT_RULES_DESCRIPTION "rules and texts for vigia-agent and vigia-collector
 YARA rules, detector settings and messages, names of applications, formats of
 payment logs, and countries and owners of addresses.")
include(CPack)
